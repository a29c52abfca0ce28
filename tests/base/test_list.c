#include "base/list.h"
#include "testing.h"

struct item {
        int value;
        eddy_link link;
};

static void check(const eddy_link *head, const char *expected)
{
        const eddy_link *link = head->next, *before = head;

        for (; link != head; before = link, link = link->next, expected++) {
                assert_int_equal(container_of(link, struct item, link)->value, *expected);
                assert_ptr_equal(link->prev, before);
        }
        assert_ptr_equal(head->prev, before);
        assert_int_equal(*expected, '\0');
}

TEST(appends_prepends_inserts_and_removes)
{
        struct item a = {'a', {0}}, b = {'b', {0}}, c = {'c', {0}};
        eddy_link head;

        list_init(&head);
        check(&head, "");
        assert_true(list_is_empty(&head));
        assert_null(list_pop(&head));
        assert_false(list_is_linked(&a.link));
        list_append(&head, &b.link);
        list_prepend(&head, &a.link);
        list_append(&head, &c.link);
        check(&head, "abc");
        assert_true(list_is_linked(&b.link));
        list_remove(&b.link);
        check(&head, "ac");
        assert_false(list_is_linked(&b.link));
        list_insert_before(&a.link, &b.link);
        check(&head, "bac");
        assert_ptr_equal(list_pop(&head), &b.link);
        assert_false(list_is_linked(&b.link));
        check(&head, "ac");
}

TEST(splices_to_the_end)
{
        struct item a = {'a', {0}}, b = {'b', {0}}, c = {'c', {0}};
        eddy_link head, from;

        list_init(&head);
        list_init(&from);
        list_splice(&head, &from);
        check(&head, "");
        list_append(&from, &a.link);
        list_append(&from, &b.link);
        list_splice(&head, &from);
        check(&head, "ab");
        check(&from, "");
        list_append(&from, &c.link);
        list_splice(&head, &from);
        check(&head, "abc");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(appends_prepends_inserts_and_removes),
            cmocka_unit_test(splices_to_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
