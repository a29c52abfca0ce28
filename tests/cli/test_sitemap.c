/* Sitemaps as sites have them, well-formed or not. */
#include "sitemap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listed {
        char text[4096];
        int most; /* how many are taken */
};

static int list(const char *url, bool is_sitemap, void *arg)
{
        struct listed *listed = arg;
        size_t n = strlen(listed->text);

        snprintf(listed->text + n, sizeof listed->text - n, "%s%s|", is_sitemap ? "+" : "", url);
        return --listed->most == 0 ? 7 : 0;
}

static void assert_lists(const char *text, const char *expected)
{
        struct listed listed = {.most = 1000};
        char *copy = malloc(strlen(text)); /* without a zero behind it, so that who reads on is seen */
        int rc;

        memcpy(copy, text, strlen(text));
        rc = sitemap_read(copy, strlen(text), list, &listed);
        free(copy);
        assert_int_equal(rc, expected ? 0 : -1);
        assert_string_equal(listed.text, expected ? expected : "");
}

static void test_urls(void **state)
{
        (void)state;
        assert_lists("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset "
                     "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
                     "<url><loc>http://x/a</loc><lastmod>2025-01-01</lastmod></url>\n"
                     "<url>\n  <loc>\n http://x/b?c=1&amp;d=2 \n</loc>\n</url></urlset>",
                     "http://x/a|http://x/b?c=1&d=2|");
        assert_lists("<sitemapindex><sitemap><loc>http://x/1.xml</loc></sitemap></sitemapindex>",
                     "+http://x/1.xml|");
        assert_lists("<urlset/>", "");
        assert_lists("<s:urlset xmlns:s='x'><s:url><s:loc>http://x/a</s:loc><loc>no</loc></s:url></s:urlset>",
                     "http://x/a|");
}

static void test_text(void **state)
{
        (void)state;
        assert_lists(
            "<urlset><url><loc>a&lt;b&gt;c&quot;d&apos;e&#38;f&#x26;g&#228;h&#x20AC;</loc></url></urlset>",
            "a<b>c\"d'e&f&g\xc3\xa4h\xe2\x82\xac|");
        assert_lists("<urlset><url><loc>a&b&nosuch;&#xZZ;&#0;c&</loc></url></urlset>",
                     "a&b&nosuch;&#xZZ;&#0;c&|");
        assert_lists("<urlset><url><loc><![CDATA[http://x/a&b]]></loc></url></urlset>", "http://x/a&b|");
        assert_lists("<urlset><url><loc> </loc><loc/></url></urlset>", "");
}

/* What extensions say, and what is commented out, is no URL of the site. */
static void test_others(void **state)
{
        (void)state;
        assert_lists("<urlset><url><loc>a</loc><image:image><image:loc>b</image:loc></image:image></url>"
                     "<!-- <url><loc>c</loc></url> --><loc>d</loc><other><loc>e</loc></other></urlset>",
                     "a|");
        assert_lists("<urlset><url><locality>x</locality><loc a=\"b\">c</loc></url></urlset>", "c|");
}

static void test_broken(void **state)
{
        static const char *const none[] = {
            "", "x", "<html><url><loc>a</loc></url></html>", "<rss>", "<!-- x", "<", "<?xml", "</urlset"};

        (void)state;
        for (size_t i = 0; i < sizeof none / sizeof *none; i++)
                assert_lists(none[i], NULL);
        assert_lists("<urlset><url><loc>a</loc></url><url><loc>b", "a|");
        assert_lists("<urlset><url><loc>a</loc></url><url><loc>b</loc", "a|");
        assert_lists("<urlset><url><loc><![CDATA[b", "");
        assert_lists("<urlset><url><loc>a<b>c</b></loc><loc>d</loc>", "ac|d|");
        assert_lists("<urlset>\n<url><loc>a&", "");
}

static void test_long(void **state)
{
        struct listed listed = {.most = 1000};
        size_t n = 100000;
        char *text = malloc(n + 100);

        (void)state;
        memset(text, 'x', n);
        memcpy(text, "<urlset><url><loc>", 18);
        strcpy(text + n, "</loc><loc>a</loc></url></urlset>");
        assert_int_equal(sitemap_read(text, strlen(text), list, &listed), 0);
        assert_string_equal(listed.text, "a|");
        free(text);
}

static void test_ended(void **state)
{
        static const char text[] = "<urlset><url><loc>a</loc><loc>b</loc><loc>c</loc>";
        struct listed listed = {.most = 2};

        (void)state;
        assert_int_equal(sitemap_read(text, strlen(text), list, &listed), 7);
        assert_string_equal(listed.text, "a|b|");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_urls),   cmocka_unit_test(test_text), cmocka_unit_test(test_others),
            cmocka_unit_test(test_broken), cmocka_unit_test(test_long), cmocka_unit_test(test_ended),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
