/* Boost.Context's jump_fcontext() in the row switch. */
#include "../bench.h"
#include <boost/context/detail/fcontext.hpp>

namespace fcontext = boost::context::detail;

static const long round_trips = 50000000;
static char stack[64 * 1024];

static void bounce(fcontext::transfer_t from)
{
        for (;;)
                from = fcontext::jump_fcontext(from.fctx, nullptr);
}

int main()
{
        fcontext::transfer_t other = {fcontext::make_fcontext(stack + sizeof stack, sizeof stack, bounce),
                                      nullptr};

        other = fcontext::jump_fcontext(other.fctx, nullptr);
        double start = bench_now();
        for (long i = 0; i < round_trips; i++)
                other = fcontext::jump_fcontext(other.fctx, nullptr);
        bench_each("switch", bench_now() - start, 2.0 * static_cast<double>(round_trips));
        return 0;
}
