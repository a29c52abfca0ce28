/*
 * A lock around what takes more than one step: without it, deposits are lost.
 *
 *         async with lock:                                       # asyncio
 *                 balance = account.balance
 *                 await asyncio.sleep(0.01)
 *                 account.balance = balance + 10
 */
#include <eddy.h>
#include <stdio.h>

struct account {
        eddy_lock lock;
        int balance;
};

/* Reads, suspends, writes: meanwhile others may do the same. */
static int deposit(struct account *account, int amount)
{
        int balance = account->balance;
        int rc = eddy_sleep(eddy_ms(10));
        if (rc == 0)
                account->balance = balance + amount;
        return rc;
}

static intptr_t careless(void *account)
{
        return deposit(account, 10);
}

static intptr_t careful(void *arg)
{
        struct account *account = arg;
        int acquired, rc = 0;
        EDDY_LOCK_SCOPE(&account->lock, acquired) /* released however the block is left */
                rc = deposit(account, 10);
        return acquired < 0 ? acquired : rc;
}

static int deposit_by_three(struct account *account, eddy_fn how)
{
        eddy_group group;
        eddy_group_open(&group);
        for (int i = 0; i < 3; i++)
                eddy_group_create_task(&group, how, account, NULL);
        return eddy_group_close(&group);
}

static intptr_t app(void *arg)
{
        (void)arg;
        struct account account = {.lock = EDDY_LOCK_INIT};
        int rc = deposit_by_three(&account, careless);
        if (rc < 0)
                return rc;
        printf("three deposits of 10 without a lock: %d\n", account.balance);

        account.balance = 0;
        rc = deposit_by_three(&account, careful);
        if (rc < 0)
                return rc;
        printf("three deposits of 10 with a lock: %d\n", account.balance);
        return 0;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "lock: %s\n", eddy_explain(rc));
        return rc < 0;
}
