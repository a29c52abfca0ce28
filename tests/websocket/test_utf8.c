#include "../testing.h"

#include "websocket/utf8.h"

static const char *const right[] = {
    "",
    "a",
    "eleven bytes",
    "\xc2\x80",
    "\xdf\xbf",
    "\xe0\xa0\x80",
    "\xed\x9f\xbf",
    "\xee\x80\x80",
    "\xef\xbf\xbf",
    "\xf0\x90\x80\x80",
    "\xf4\x8f\xbf\xbf",
    "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
    "1234567\xc3\xa4.2345678",
    "\xef\xbb\xbf",
    "\xf0\x9f\x92\xa9",
};

/** With the number of bytes after which it shows; 0: it is not whole. */
static const struct {
        const char *bytes;
        size_t shows;
} wrong[] = {
    {"\x80", 1},
    {"\xbf", 1},
    {"a\x80", 2},
    {"\xc0\x80", 1},
    {"\xc1\xbf", 1},
    {"\xe0\x80\x80", 2},
    {"\xe0\x9f\xbf", 2},
    {"\xed\xa0\x80", 2},
    {"\xed\xbf\xbf", 2},
    {"\xf0\x80\x80\x80", 2},
    {"\xf0\x8f\xbf\xbf", 2},
    {"\xf4\x90\x80\x80", 2},
    {"\xf5\x80\x80\x80", 1},
    {"\xff", 1},
    {"\xfe", 1},
    {"\xc3(", 2},
    {"\xe2\x82(", 3},
    {"\xf0\x9f\x92(", 4},
    {"12345678\xff", 9},
    {"\xc3", 0},
    {"\xe2\x82", 0},
    {"\xf0\x9f\x92", 0},
    {"12345678\xf4", 0},
};

TEST(texts_in_pieces_of_any_size)
{
        for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
                size_t size = strlen(right[i]);

                assert_true(utf8_is_valid(right[i], size));
                for (size_t first = 0; first <= size; first++) {
                        struct utf8 utf8 = {.left = 0};

                        assert_true(utf8_go_on(&utf8, (const uint8_t *)right[i], first));
                        assert_true(utf8_go_on(&utf8, (const uint8_t *)right[i] + first, size - first));
                        assert_true(utf8_is_whole(&utf8));
                }
        }
}

TEST(what_is_wrong_shows_at_once)
{
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                size_t size = strlen(wrong[i].bytes);
                struct utf8 utf8 = {.left = 0};

                assert_false(utf8_is_valid(wrong[i].bytes, size));
                for (size_t n = 0; n < size; n++) {
                        bool is_good = utf8_go_on(&utf8, (const uint8_t *)wrong[i].bytes + n, 1);

                        assert_int_equal(is_good, n + 1 != wrong[i].shows);
                        if (!is_good)
                                break;
                }
                if (wrong[i].shows == 0)
                        assert_false(utf8_is_whole(&utf8));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(texts_in_pieces_of_any_size),
            cmocka_unit_test(what_is_wrong_shows_at_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
