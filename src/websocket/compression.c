#include "websocket/compression.h"

#include "websocket/tokens.h"
#include <stdio.h>

/** The parameters of one offer, or of the answer. 0: not there; of the client's bits also: there without a value. */
struct parameters {
        bool server_alone, client_alone, has_client_bits;
        int server_bits, client_bits;
};

static bool take_bits(const char **rest, int *bits)
{
        struct token value;

        if (*bits > 0 || !token_take_value(rest, &value) || value.size > 2)
                return false;
        for (size_t i = 0; i < value.size; i++) {
                if (value.text[i] < '0' || value.text[i] > '9' || value.text[0] == '0')
                        return false;
                *bits = *bits * 10 + (value.text[i] - '0');
        }
        return *bits >= LEAST_WINDOW_BITS && *bits <= MOST_WINDOW_BITS;
}

static bool take_flag(bool *flag, bool has_value)
{
        bool is_new = !*flag;

        *flag = true;
        return is_new && !has_value;
}

/** Take one parameter: false where it is none of those, is there twice, or has a value that is none. */
static bool take_parameter(const char **rest, struct parameters *parameters)
{
        struct token name;
        bool has_value;

        if (!token_take(rest, &name))
                return false;
        has_value = token_take_mark(rest, '=');
        if (token_is(&name, "server_no_context_takeover"))
                return take_flag(&parameters->server_alone, has_value);
        if (token_is(&name, "client_no_context_takeover"))
                return take_flag(&parameters->client_alone, has_value);
        if (token_is(&name, "server_max_window_bits"))
                return has_value && take_bits(rest, &parameters->server_bits);
        if (!token_is(&name, "client_max_window_bits") || !take_flag(&parameters->has_client_bits, false))
                return false;
        return !has_value || take_bits(rest, &parameters->client_bits);
}

/** Take the parameters of an extension whose name was taken: whether all are known and right. */
static bool take_parameters(const char **rest, struct parameters *parameters)
{
        *parameters = (struct parameters){.server_bits = 0};
        while (token_take_mark(rest, ';')) {
                if (!take_parameter(rest, parameters))
                        return false;
        }
        return true;
}

/** Behind an extension: to the next. False at the end, or where neither is there. */
static bool take_next(const char **rest)
{
        return token_take_mark(rest, ',');
}

static int least(int a, int b)
{
        return a < b ? a : b;
}

static int chosen_bits(const eddy_websocket_options *options)
{
        return options->window_bits > 0 ? options->window_bits : DEFAULT_WINDOW_BITS;
}

/** To no bits at all the default is what there is no word for. */
static signed char agreed_bits(int bits)
{
        return (signed char)(bits > 0 ? bits : MOST_WINDOW_BITS);
}

static void accept_parameters(struct eddy_websocket_terms *terms, char *text, const struct parameters *offer,
                              const eddy_websocket_options *options)
{
        int bits = chosen_bits(options);
        char client_bits[40] = "";

        *terms = (struct eddy_websocket_terms){
            .is_on = true,
            .own_alone = offer->server_alone || options->no_context_takeover,
            .other_alone = offer->client_alone || options->no_context_takeover,
            .own_bits = (signed char)least(agreed_bits(offer->server_bits), bits),
            .other_bits = MOST_WINDOW_BITS,
        };
        if (offer->has_client_bits) {
                terms->other_bits = (signed char)least(agreed_bits(offer->client_bits), bits);
                snprintf(client_bits, sizeof client_bits, "; client_max_window_bits=%d", terms->other_bits);
        }
        snprintf(text, COMPRESSION_MAX_TEXT, "permessage-deflate%s%s; server_max_window_bits=%d%s",
                 terms->own_alone ? "; server_no_context_takeover" : "",
                 terms->other_alone ? "; client_no_context_takeover" : "", terms->own_bits, client_bits);
}

/** Take one offer: whether it can be accepted. What is not understood is passed over. */
static bool take_offer(const char **rest, struct parameters *offer)
{
        struct token name;
        bool is_good =
            token_take(rest, &name) && token_is(&name, "permessage-deflate") && take_parameters(rest, offer);

        if (is_good && (token_take_mark(rest, '\0') || **rest == ','))
                return true;
        while (**rest && **rest != ',')
                ++*rest;
        return false;
}

void compression_accept(struct eddy_websocket_terms *terms, char text[COMPRESSION_MAX_TEXT], const char *offers,
                        const eddy_websocket_options *options)
{
        struct parameters offer;

        *terms = (struct eddy_websocket_terms){.is_on = false};
        if (!offers || options->no_compression)
                return;
        do {
                if (take_offer(&offers, &offer)) {
                        accept_parameters(terms, text, &offer, options);
                        return;
                }
        } while (take_next(&offers));
}

void compression_offer(char text[COMPRESSION_MAX_TEXT], const eddy_websocket_options *options)
{
        char limits[80] = "; client_max_window_bits";

        if (options->window_bits > 0)
                snprintf(limits, sizeof limits, "; server_max_window_bits=%d; client_max_window_bits=%d",
                         options->window_bits, options->window_bits);
        snprintf(text, COMPRESSION_MAX_TEXT, "permessage-deflate%s%s", limits,
                 options->no_context_takeover ? "; server_no_context_takeover; client_no_context_takeover"
                                              : "");
}

/** Whether an answer gives no less than was asked for. */
static bool is_as_offered(const struct parameters *answer, const eddy_websocket_options *options)
{
        int most = options->window_bits > 0 ? options->window_bits : MOST_WINDOW_BITS;

        return (!options->no_context_takeover || answer->server_alone) &&
               agreed_bits(answer->server_bits) <= most && answer->client_bits <= most &&
               (!answer->has_client_bits || answer->client_bits > 0);
}

int compression_read_answer(struct eddy_websocket_terms *terms, const char *answer,
                            const eddy_websocket_options *options)
{
        struct parameters agreed;
        struct token name;

        *terms = (struct eddy_websocket_terms){.is_on = false};
        if (!answer)
                return 0;
        if (options->no_compression || !token_take(&answer, &name) || !token_is(&name, "permessage-deflate") ||
            !take_parameters(&answer, &agreed) || !token_take_mark(&answer, '\0') ||
            !is_as_offered(&agreed, options))
                return eddy_fail(EDDY_EWEBSOCKET, "the server chose an extension that was not offered");
        *terms = (struct eddy_websocket_terms){
            .is_on = true,
            .own_alone = agreed.client_alone || options->no_context_takeover,
            .other_alone = agreed.server_alone,
            .own_bits = (signed char)least(agreed_bits(agreed.client_bits), chosen_bits(options)),
            .other_bits = agreed_bits(agreed.server_bits),
        };
        return 0;
}
