// SPDX-License-Identifier: MIT
#include "cluster/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/proc.h"
#include "cluster/supervisor.h"

#define HOST_KEY "host_key"

enum { KEY_MAX = 1 << 14, ADDRESS_MAX = 16 };

static int make_key(const char *dir, const char *name, struct err *err)
{
    _cleanup_free_ char *path = fs_join(dir, name);
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf said = {0};
    const struct proc_capture capture = {.input = -1, .max = KEY_MAX, .errors = &said};
    int status = 0;

    strv_add_list(&argv, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "pisdk-cluster", "-f",
                  path, NULL);
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return err->code == ERR_NOT_FOUND ? err_hint(err, "sudo apt install openssh-client") : -1;
    }
    return status == 0 ? 0
                       : err_set(err, ERR_FAILED, "ssh-keygen cannot make a key in %s: %s", dir,
                                 said.data ? said.data : "");
}

static const char *address_text(size_t number, char out[ADDRESS_MAX])
{
    uint32_t a = CLUSTER_ADDRESS(number);
    snprintf(out, ADDRESS_MAX, "%u.%u.%u.%u", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff);
    return out;
}

// One line a board, without patterns: not every client of ssh understands those.
static void format_known_hosts(size_t boards, const char *key, struct strbuf *out)
{
    char address[ADDRESS_MAX];
    for (size_t i = 1; i <= boards; i++) {
        strbuf_addf(out, "pi%zu,%s %s", i, address_text(i, address), key);
    }
}

static void format_client(const struct cluster_options *o, const char *dir, struct strbuf *out)
{
    strbuf_addf(out,
                "# The boards of pisdk's cluster `%s`. Gone when it is: Include it with care.\n",
                o->name);
    strbuf_adds(out, "Host");
    for (size_t i = 1; i <= o->boards; i++) {
        strbuf_addf(out, " pi%zu", i);
    }
    strbuf_addf(out,
                "\n    User pi\n"
                "    IdentityFile \"%s/" CLUSTER_KEY "\"\n"
                "    IdentitiesOnly yes\n"
                "    IdentityAgent none\n"
                "    UserKnownHostsFile \"%s/known_hosts\"\n"
                "    GlobalKnownHostsFile /dev/null\n"
                "    StrictHostKeyChecking yes\n"
                "    UpdateHostKeys no\n",
                dir, dir);
    _cleanup_free_ char *program = str_quoted(o->pisdk);
    _cleanup_free_ char *runtime = str_quoted(o->runtime);
    // pisdk finds it with whatever environment ssh is started.
    strbuf_addf(out,
                "    ProxyCommand env PISDK_RUNTIME_DIR=%s %s cluster connect --name %s %%h %%p\n",
                runtime, program, o->name);
}

int identity_make(const struct cluster_options *o, const char *dir, struct err *err)
{
    _cleanup_free_ char *public = fs_join(dir, HOST_KEY ".pub");
    _cleanup_free_ char *hosts_file = fs_join(dir, "known_hosts");
    _cleanup_free_ char *config_file = fs_join(dir, "ssh_config");
    _cleanup_strbuf_ struct strbuf key = {0};
    _cleanup_strbuf_ struct strbuf hosts = {0};
    _cleanup_strbuf_ struct strbuf config = {0};

    if (make_key(dir, CLUSTER_KEY, err) != 0 || make_key(dir, HOST_KEY, err) != 0 ||
        fs_read_file(public, KEY_MAX, &key, err) != 0) {
        return -1;
    }
    format_known_hosts(o->boards, key.data, &hosts);
    format_client(o, dir, &config);
    if (fs_write_file(hosts_file, hosts.data, hosts.len, 0600, err) != 0) {
        return -1;
    }
    return fs_write_file(config_file, config.data, config.len, 0600, err);
}

static int read_at(int dir, const char *name, struct strbuf *out, struct err *err)
{
    _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, strbuf_reserve(out, KEY_MAX), KEY_MAX) : -1;
    if (n < 0) {
        return err_sys(err, "cannot read the cluster's %s", name);
    }
    out->len += (size_t)n;
    out->data[out->len] = '\0';
    return 0;
}

static void format_hosts(size_t boards, struct strbuf *out)
{
    char address[ADDRESS_MAX];
    strbuf_adds(out, "127.0.0.1\tlocalhost\n");
    strbuf_addf(out, "%s\tdesktop\n", address_text(CLUSTER_DESKTOP, address));
    for (size_t i = 1; i <= boards; i++) {
        strbuf_addf(out, "%s\tpi%zu\n", address_text(i, address), i);
    }
}

// SetEnv takes all variables on one line (sshd_config(5)).
static void format_server(const struct strv *env, struct strbuf *out)
{
    strbuf_adds(out, "HostKey /etc/ssh/ssh_host_ed25519_key\n"
                     "AuthorizedKeysFile .ssh/authorized_keys\n"
                     "StrictModes no\n" // the keys are in a layer that all boards share
                     "PidFile none\n"
                     "UsePAM no\n"
                     // ssh's first choice takes QEMU 0.4 s more for each login.
                     "KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org,"
                     "ecdh-sha2-nistp256,diffie-hellman-group14-sha256\n"
                     "PasswordAuthentication no\n"
                     "KbdInteractiveAuthentication no\n"
                     "PrintMotd no\n"
                     "UseDNS no\n"
                     "AcceptEnv LANG LC_*\n"
                     "Subsystem sftp internal-sftp\n"
                     "SetEnv");
    for (size_t i = 0; i < env->n; i++) {
        strbuf_adds(out, " \"");
        for (const char *p = env->items[i]; *p; p++) {
            strbuf_addf(out, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
        }
        strbuf_adds(out, "\"");
    }
    strbuf_adds(out, "\n");
}

struct file {
    const char *path;
    const char *text;
    mode_t mode;
};

static int write_files(const char *root, const struct file *files, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        _cleanup_free_ char *path = fs_join(root, files[i].path);
        _cleanup_free_ char *parent = fs_parent(path);
        if (fs_mkdir_all(parent, 0755, err) != 0) {
            return -1;
        }
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, files[i].mode);
        if (fd < 0) {
            return err_sys(err, "cannot create %s", path);
        }
        if (fs_write_all(fd, files[i].text, strlen(files[i].text), err) != 0) {
            return -1;
        }
    }
    return 0;
}

int identity_write_boards(const struct cluster_options *o, int dir, const struct strv *env,
                          const char *root, struct err *err)
{
    _cleanup_strbuf_ struct strbuf key = {0};
    _cleanup_strbuf_ struct strbuf public = {0};
    _cleanup_strbuf_ struct strbuf host_key = {0};
    _cleanup_strbuf_ struct strbuf host_public = {0};
    _cleanup_strbuf_ struct strbuf known = {0};
    _cleanup_strbuf_ struct strbuf hosts = {0};
    _cleanup_strbuf_ struct strbuf server = {0};

    if (read_at(dir, CLUSTER_KEY, &key, err) != 0 ||
        read_at(dir, CLUSTER_KEY ".pub", &public, err) != 0 ||
        read_at(dir, HOST_KEY, &host_key, err) != 0 ||
        read_at(dir, HOST_KEY ".pub", &host_public, err) != 0) {
        return -1;
    }
    format_known_hosts(o->boards, host_public.data, &known);
    format_hosts(o->boards, &hosts);
    format_server(env, &server);
    const struct file files[] = {
        {"etc/passwd",
         "root:x:0:0:root:/root:/bin/bash\npi:x:1000:1000::/home/pi:/bin/bash\n"
         "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n"
         "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
         0644},
        // No group tty: sshd would give terminals to it, and its number does not exist here.
        {"etc/group", "root:x:0:\npi:x:1000:\nnogroup:x:65534:\n", 0644},
        {"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n", 0644},
        {"etc/hosts", hosts.data, 0644},
        {"etc/ssh/sshd_config", server.data, 0644},
        {"etc/ssh/ssh_config", "GlobalKnownHostsFile /etc/ssh/ssh_known_hosts\n", 0644},
        {"etc/ssh/ssh_known_hosts", known.data, 0644},
        {"etc/ssh/ssh_host_ed25519_key", host_key.data, 0600},
        {"etc/ssh/ssh_host_ed25519_key.pub", host_public.data, 0644},
        {"home/pi/.ssh/id_ed25519", key.data, 0600},
        {"home/pi/.ssh/id_ed25519.pub", public.data, 0644},
        {"home/pi/.ssh/authorized_keys", public.data, 0600},
    };
    if (write_files(root, files, ARRAY_SIZE(files), err) != 0) {
        return -1;
    }
    _cleanup_free_ char *place = fs_join(root, "home/pi/.ssh");
    return chmod(place, 0700) == 0 ? 0 : err_sys(err, "cannot change %s", place);
}
