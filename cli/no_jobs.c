/* eddy jobs: without libeddy-jobs. */
#include "cli.h"

#include <stdio.h>

int jobs_main(int argc, char **argv)
{
        (void)argc, (void)argv;
        fputs("eddy jobs: eddy was built without libeddy-jobs\n", stderr);
        return CLI_FAILED;
}
