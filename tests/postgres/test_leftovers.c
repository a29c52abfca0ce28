#include "../testing.h"

#include "postgres/leftovers.h"

static const struct {
        const char *sql;
        bool leaves;
} statements[] = {
    {"SELECT 1", false},
    {"select name, price from goods where price < $1 and name in ($2, $3)", false},
    {"  SELECT count(*), max(price) FROM goods WHERE (a = 1 OR b = 2);  ", false},
    {"SELECT 'it''s pg_advisory_lock(1)', \"odd (name\" FROM t", false},
    {"SELECT 1 -- pg_advisory_lock(1)\n, 2", false},
    {"INSERT INTO goods (name, price) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET price = $2", false},
    {"INSERT INTO shop.goods (name) SELECT name FROM old WHERE lower(name) = 'x' RETURNING id", false},
    {"INSERT INTO \"Goods\" (name) VALUES ('a')", false},
    {"UPDATE goods SET price = round(price * 1.1) WHERE id = ANY ($1)", false},
    {"DELETE FROM goods USING old WHERE goods.id = old.id", false},
    {"WITH x AS (SELECT 1) SELECT * FROM x", false},
    {"VALUES (1), (2)", false},
    {"(SELECT 1) UNION (SELECT 2)", false},
    {"BEGIN", false},
    {"COMMIT", false},
    {"ROLLBACK", false},
    {"COPY t FROM STDIN", false},
    {"", false},

    {"SET search_path = x", true},
    {"LISTEN jobs", true},
    {"CREATE TEMP TABLE t (x int)", true},
    {"DECLARE c CURSOR WITH HOLD FOR SELECT 1", true},
    {"PREPARE p AS SELECT 1", true},
    {"DO $$ BEGIN END $$", true},
    {"SELECT 1; SET x = 1", true},
    {"SELECT 1; SELECT 2", true},
    {"SELECT pg_advisory_lock(1)", true},
    {"SELECT pg_advisory_lock (1)", true},
    {"SELECT pg_advisory_lock -- now\n (1)", true},
    {"SELECT pg_advisory_lock /* now */ (1)", true},
    {"SELECT \"pg_advisory_lock\"(1)", true},
    {"SELECT pg_catalog.set_config('a.b', '1', false)", true},
    {"SELECT mine.lower('x')", true},
    {"SELECT my_function()", true},
    {"SELECT a_function_whose_name_is_long_enough_to_be_cut_off(1)", true},
    {"SELECT 1 INTO TEMP t", true},
    {"SELECT 1 AS x INTO t", true},
    {"INSERT INTO t SELECT pg_advisory_lock(1)", true},
    {"INSERT INTO t DEFAULT VALUES RETURNING pg_advisory_lock(1)", true},
    {"MERGE INTO t USING pg_advisory_lock(1) ON true WHEN MATCHED THEN DO NOTHING", true},
    {"SELECT E'\\'', pg_advisory_lock(1)", true},
    {"SELECT '\\', pg_advisory_lock(1), ''", true},
    {"SELECT $$a$$", true},
    {"SELECT 'no end", true},
    {"EXPLAIN ANALYZE SELECT pg_advisory_lock(1)", true},
    {"anything else", true},
};

TEST(a_statement_is_harmless_only_where_that_is_sure)
{
        for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
                if (statement_may_leave_something(statements[i].sql) != statements[i].leaves)
                        fail_msg("%s: %s", statements[i].sql, statements[i].leaves ? "harmless?" : "harmful?");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_statement_is_harmless_only_where_that_is_sure),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
