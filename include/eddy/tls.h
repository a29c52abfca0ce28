/* TLS under streams, servers and protocols.
 *
 *         eddy_tls_create_client(&tls, NULL);
 *         eddy_open_connection(&stream, "example.org", 443, &(eddy_connect_options){.tls = tls});
 *
 * A context says whom one trusts and who one is; any number of connections, loops and threads share it. Contexts are
 * libeddy-tls's, on OpenSSL: pkg-config's name is libeddy-tls. What goes on connections is libeddy's own.
 */
#ifndef EDDY_TLS_H
#define EDDY_TLS_H

#include <eddy/stream.h>
#include <eddy/transport.h>

EDDY_BEGIN_DECLS

#define EDDY_ETLS (-3960) /**< SSLError: both sides do not agree, or one broke TLS; the detail says how */
#define EDDY_ECERTIFICATE                                                                                      \
        (-3961) /**< SSLCertVerificationError: the peer's certificate is not to be trusted; the detail says why */

/** Versions of TLS. Older ones are not to be had. */
typedef enum eddy_tls_version {
        EDDY_TLS_ANY = 0, /**< 1.2 or 1.3 */
        EDDY_TLS_1_2 = 12,
        EDDY_TLS_1_3 = 13,
} eddy_tls_version;

/** What is demanded of a peer's certificate. */
typedef enum eddy_tls_verify {
        EDDY_TLS_VERIFY_DEFAULT,  /**< by a client, all; by a server, nothing, and none is asked for */
        EDDY_TLS_VERIFY_INSECURE, /**< nothing: anybody may be on the other side */
        EDDY_TLS_VERIFY_OPTIONAL, /**< by a server: who has one has to show a good one */
        EDDY_TLS_VERIFY_REQUIRED, /**< it is there, of an issuer that is trusted, and valid today */
} eddy_tls_verify;

/** A certificate of one's own. */
typedef struct eddy_tls_certificate {
        const char *file;     /**< PEM: the certificate, and then those that lead from it to a root */
        const char *key_file; /**< PEM; NULL: `file` has the key, too */
} eddy_tls_certificate;

/** How a context is to be. Zero, or NULL for the whole, is the default of each. Texts are copied. */
typedef struct eddy_tls_options {
        const char *certificate_file; /**< one's own, as eddy_tls_certificate; NULL: none */
        const char *key_file;         /**< NULL: `certificate_file` has the key, too */
        const eddy_tls_certificate
            *more;           /**< of a server, for other names: the one is used that has the name asked for */
        size_t more_count;   /**< how many `more` there are */
        const char *ca_file; /**< PEM: whom to trust in place of those whom the system trusts */
        const char *ca_directory; /**< likewise, as `openssl rehash` makes it */
        const char *
            crl_file; /**< PEM: what has been revoked, also by who issued the peer's. NULL: nothing is known to be */
        eddy_tls_verify verify;
        bool skips_host_name;     /**< of a client: the certificate need not be for the host */
        bool takes_cut_for_end;   /**< a peer that closes without saying so has ended, not failed */
        eddy_tls_version lowest;  /**< EDDY_TLS_ANY: 1.2 */
        eddy_tls_version highest; /**< EDDY_TLS_ANY: 1.3 */
        const char *const *alpn;  /**< protocols for above, such as "h2", the best first; NULL at their end */
        const char *ciphers;      /**< of TLS 1.2, as OpenSSL writes them; NULL: those that are safe */
        const char *key_log_file; /**< where keys are appended, for who is to read what passes; NULL: nowhere */
        eddy_duration handshake_timeout; /**< 0: a minute */
        eddy_duration shutdown_timeout;  /**< for the peer to end, too, which nobody waits for; 0: 5 s */

        /** The password of a key file that is encrypted: put it into `password`, `size` bytes with its NUL, and return its length; or -1.
         * NULL: none is known. Called by eddy_tls_create_client(), eddy_tls_create_server() and eddy_tls_reload(). */
        int (*get_password)(char *password, int size, void *arg);

        /** Of a server: the context for the name that a client has asked for; NULL: this one. All of it counts as if the connection
         * had been begun with it: certificates, demands, versions, and what may be resumed. The name is NULL where the client has
         * asked for none, or for what cannot be a host's. Called from whichever thread has the connection, and may close none. The
         * context has to stay for as long as this one does; it is another server's. */
        eddy_tls *(*choose)(const char *name, void *arg);

        void *arg;         /**< passed to these functions */
        void *reserved[8]; /**< zero */
} eddy_tls_options;

/** What both sides have agreed on. Texts and bytes stay as long as TLS is there. */
typedef struct eddy_tls_info {
        const char *version; /**< such as "TLSv1.3" */
        const char *cipher;  /**< such as "TLS_AES_256_GCM_SHA384" */
        const char *alpn;    /**< the protocol for above; NULL: none */
        const char *name; /**< the host that the client has asked for; NULL: none, or what is no host's name */
        const char
            *subject;       /**< of the peer's certificate, such as "CN=example.org"; NULL: it has shown none */
        const char *issuer; /**< likewise */
        const unsigned char *certificate; /**< DER; NULL: it has shown none */
        size_t certificate_size;          /**< of that, bytes */
        bool is_resumed;                  /**< by what an earlier connection had agreed on */
        void *reserved[4];
} eddy_tls_info;

/**
 * Make a context for connecting.
 *
 * @param tls      receives it; give it back with eddy_tls_unref()
 * @param options  may be NULL: who the system trusts is trusted, certificates have to be for the host, and TLS is 1.2 at least
 * @return 0
 * @retval -ENOENT, -EACCES ...  as from reading a file; eddy_error_detail() says which
 * @retval -EINVAL               what a file or an option says is not to be used; likewise
 * @retval -ENOMEM               no memory
 *
 * Does not suspend, but reads files. Any thread may call it. ssl.create_default_context().
 */
EDDY_API int eddy_tls_create_client(eddy_tls **tls, const eddy_tls_options *options);

/** Make a context for serving. It needs a certificate, or a `choose` that knows of contexts which have one; all else is as of
 * eddy_tls_create_client(). If it wants certificates of clients it has to say of which issuers: who the system trusts says nothing of who may come in.
 * And if it names issuers, or what was revoked, it has to say by `verify` what it wants of clients: by default they are asked for none.
 * ssl.create_default_context(Purpose.CLIENT_AUTH). */
EDDY_API int eddy_tls_create_server(eddy_tls **tls, const eddy_tls_options *options);

#define EDDY_TLS_FINGERPRINT_SIZE 96 /**< of a text such as "3F:A0:...:0B", with its NUL */

/**
 * Make a context for serving, for trying things out, whose certificate nobody has issued. That is made in memory, for a year,
 * with a key of its own, and is gone with the context. No client trusts it, but for one that is told its fingerprint.
 *
 * @param tls          receives it; give it back with eddy_tls_unref()
 * @param name         the host or address that it is for, besides localhost and its addresses; NULL: no other
 * @param fingerprint  receives the certificate's SHA-256, as browsers and `openssl x509 -fingerprint` show it
 * @return 0
 * @retval -EINVAL       `name` is no host's
 * @retval -EMFILE ...   as from opening a file
 * @retval -ENOMEM       no memory
 *
 * eddy_tls_reload() has nothing to read of it, and says -ENOENT. Does not suspend. Any thread may call it.
 */
EDDY_API int eddy_tls_create_self_signed(eddy_tls **tls, const char *name,
                                         char fingerprint[EDDY_TLS_FINGERPRINT_SIZE]);

/**
 * As eddy_tls_create_self_signed(), and all but the certificate as of eddy_tls_create_server(): `.alpn` for HTTP/2, say.
 *
 * @param options  without certificate_file and key_file; may be NULL
 * @return as eddy_tls_create_self_signed() and eddy_tls_create_server()
 *
 * Does not suspend. Any thread may call it.
 */
EDDY_API int eddy_tls_create_self_signed_with(eddy_tls **tls, const char *name,
                                              char fingerprint[EDDY_TLS_FINGERPRINT_SIZE],
                                              const eddy_tls_options *options);

/** Read a context's files anew: certificates, keys, issuers, what was revoked. Connections that begin from now on have them; those that
 * are there stay as they are. So do sessions where nothing is verified; else they are agreed on anew. 0, or as
 * eddy_tls_create_client(), and then all is as before. Does not suspend, but reads files. Any thread may call it.
 * SSLContext.load_cert_chain(). */
EDDY_API int eddy_tls_reload(eddy_tls *tls);

/** One more reference to a context. Any thread may take and give back references. */
EDDY_API eddy_tls *eddy_tls_ref(eddy_tls *tls);

/** Give one back. Connections have their own. NULL is allowed. */
EDDY_API void eddy_tls_unref(eddy_tls *tls);

/**
 * Put TLS under a stream that is in use, and wait until both sides have agreed. What was written before leaves as it is; what has
 * come and was not read is taken for TLS, and never shown to who reads.
 *
 * @param tls   the context, which says which side this one is
 * @param name  of a client: the host that the certificate has to be for; NULL: none is asked for, which needs `skips_host_name` or
 *              EDDY_TLS_VERIFY_INSECURE. Of a server: NULL
 * @return 0
 * @retval EDDY_ECERTIFICATE     the peer's certificate is not to be trusted; eddy_error_detail() says why, here and below
 * @retval EDDY_ETLS             both do not agree, or the other side speaks no TLS
 * @retval EDDY_EINCOMPLETE      the peer has closed the connection instead
 * @retval -ETIMEDOUT            it did not answer within the context's time
 * @retval -EINVAL               a name is missing, or is none
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted, and the stream is aborted
 * @retval EDDY_EBUSY            a task is in a call that reads, writes, or waits for room
 * @retval -EBADF                the stream was closed or destroyed meanwhile, by another task
 *
 * Else as eddy_stream_add_filter(). Where it fails the stream has failed, but for -EINVAL and EDDY_EBUSY. Suspends.
 * StreamWriter.start_tls().
 */
EDDY_API EDDY_ASYNC int eddy_stream_start_tls(eddy_stream *stream, eddy_tls *tls, const char *name);

/**
 * End TLS, and go on without: say so to the other side, and wait until it has said so too.
 *
 * @return 0
 * @retval EDDY_EPROTOCOL      the other side has sent bytes instead
 * @retval EDDY_EINCOMPLETE    it has closed the connection
 * @retval EDDY_EBUSY          a task is in a call that reads, writes, or waits for room; or what has come was not read
 * @retval EDDY_EINVALIDSTATE  there is no TLS, or another filter is above it
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted
 * @retval -EBADF              the stream was closed or destroyed meanwhile, by another task
 *
 * Or why the stream has failed before. Where it fails, but for EDDY_EBUSY and EDDY_EINVALIDSTATE, the stream is aborted. Whoever has
 * read the other side's end calls this to answer it. Suspends. SSLSocket.unwrap().
 */
EDDY_API EDDY_ASYNC int eddy_stream_end_tls(eddy_stream *stream);

/** What both sides of a stream's TLS have agreed on: 0; or EDDY_EINVALIDSTATE where there is none. Does not suspend.
 * StreamWriter.get_extra_info('ssl_object'). */
EDDY_API int eddy_stream_tls_info(const eddy_stream *stream, eddy_tls_info *info);

/** Told when both sides of a transport's TLS have agreed: with 0, or why they have not, and then its connection_lost() comes, if it
 * was ever made. -ECONNABORTED: it was closed meanwhile; EDDY_ELOOPCLOSED: its loop was. */
typedef void (*eddy_tls_done)(void *arg, int rc);

/**
 * Put TLS under a transport that is in use, as eddy_stream_start_tls() under a stream. The protocol is called again when both sides
 * have agreed, by data_received(); what it writes before that waits.
 *
 * @param done  called once, unless this fails; NULL: nobody is told
 * @param arg   passed to it
 * @return 0; -EINVAL; EDDY_EBUSY where that is going on already; otherwise as eddy_transport_add_filter()
 *
 * Does not suspend. loop.start_tls().
 */
EDDY_API int eddy_transport_start_tls(eddy_transport *transport, eddy_tls *tls, const char *name,
                                      eddy_tls_done done, void *arg);

/** What both sides of a transport's TLS have agreed on, as eddy_stream_tls_info(). */
EDDY_API int eddy_transport_tls_info(const eddy_transport *transport, eddy_tls_info *info);

EDDY_END_DECLS

#endif
