// SPDX-License-Identifier: MIT
#include "run/kernel.h"

#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"

enum { FILE_MAX = 1 << 16, KEY_BYTES = 32, PORT_MAX = 65535 };

static const char *const names[KERNEL_PORTS] = {"shell_port", "iopub_port", "stdin_port",
                                                "control_port", "hb_port"};

// --- Making one ----------------------------------------------------------------------------------

// They are kept open until all are found, so that no two are the same.
static int find_ports(long *ports, struct err *err)
{
    int sockets[KERNEL_PORTS];
    size_t n = 0;
    int r = 0;
    for (; n < KERNEL_PORTS && r == 0; n++) {
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof(at);
        sockets[n] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (sockets[n] < 0 || bind(sockets[n], (struct sockaddr *)&at, size) != 0 ||
            getsockname(sockets[n], (struct sockaddr *)&at, &size) != 0) {
            r = err_sys(err, "cannot find a free port");
        }
        ports[n] = ntohs(at.sin_port);
    }
    while (n > 0) {
        close(sockets[--n]);
    }
    return r;
}

static int make_key(char out[2 * KEY_BYTES + 1], struct err *err)
{
    unsigned char bytes[KEY_BYTES];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        return err_sys(err, "cannot get random bytes");
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
    return 0;
}

static char *dump(json_t *object)
{
    char *text = json_dumps(object, JSON_INDENT(1));
    char *out = xstrdup(text);
    free(text);
    json_decref(object);
    return out;
}

int kernel_make(struct kernel *out, struct err *err)
{
    char key[2 * KEY_BYTES + 1];
    *out = (struct kernel){0};
    if (find_ports(out->ports, err) != 0 || make_key(key, err) != 0) {
        return -1;
    }
    json_t *object =
        json_pack("{ss ss ss ss ss}", "ip", "127.0.0.1", "transport", "tcp", "signature_scheme",
                  "hmac-sha256", "key", key, "kernel_name", "pisdk");
    for (size_t i = 0; i < KERNEL_PORTS; i++) {
        json_object_set_new(object, names[i], json_integer(out->ports[i]));
    }
    out->text = dump(object);
    return 0;
}

// --- Reading one ---------------------------------------------------------------------------------

static int read_ports(const json_t *object, long *ports)
{
    const char *transport = json_string_value(json_object_get(object, "transport"));
    if (transport && strcmp(transport, "tcp") != 0) {
        return -1;
    }
    for (size_t i = 0; i < KERNEL_PORTS; i++) {
        json_int_t port = json_integer_value(json_object_get(object, names[i]));
        if (port < 1 || port > PORT_MAX) {
            return -1;
        }
        ports[i] = (long)port;
    }
    return 0;
}

int kernel_read(const char *file, struct kernel *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    *out = (struct kernel){0};
    if (fs_read_file(file, FILE_MAX, &text, err) != 0) {
        return -1;
    }
    json_t *object = json_loadb(text.data ? text.data : "", text.len, 0, NULL);
    int r = read_ports(object, out->ports);
    json_decref(object);
    if (r != 0) {
        return err_set(err, ERR_USAGE, "%s is not a connection file of Jupyter", file);
    }
    out->text = strbuf_take(&text);
    return 0;
}

void kernel_release(struct kernel *k)
{
    free(k->text);
    free(k->file);
    *k = (struct kernel){0};
}

// --- What surrounds it ---------------------------------------------------------------------------

char *kernel_data_folder(void)
{
    const char *own = getenv("JUPYTER_DATA_DIR");
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (own && *own) {
        return xstrdup(own);
    }
    if (data && *data) {
        return fs_join(data, "jupyter");
    }
    return home && *home ? fs_join(home, ".local/share/jupyter") : NULL;
}

void kernel_forward(const struct kernel *k, struct strv *argv)
{
    // Clients try until the kernel is there, and ssh says so each time.
    strv_add_list(argv, "-oExitOnForwardFailure=yes", "-oLogLevel=ERROR", NULL);
    for (size_t i = 0; i < KERNEL_PORTS; i++) {
        strv_addf(argv, "-L127.0.0.1:%ld:127.0.0.1:%ld", k->ports[i], k->ports[i]);
    }
}

char *kernel_spec(const char *title, const struct strv *argv)
{
    json_t *words = json_array();
    for (size_t i = 0; i < argv->n; i++) {
        json_array_append_new(words, json_string(argv->items[i]));
    }
    // A signal for it would end `pisdk`.
    return dump(json_pack("{so ss ss ss}", "argv", words, "display_name", title, "language",
                          "python", "interrupt_mode", "message"));
}
