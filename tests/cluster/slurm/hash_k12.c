// Slurm's plug-in of this name, given memory that it can read. It loads pairs of words from any
// address (KeccakP1600_AddLanes: ldrd, ldm), which the kernel of a board mends and QEMU's user mode
// ends with SIGBUS: slurmctld died of every second job script.
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REAL "/usr/lib/arm-linux-gnueabihf/slurm-wlm/hash_k12.so"

// What Slurm looks for in a plug-in.
char plugin_name[] = "KangarooTwelve for aligned input";
char plugin_type[] = "hash/k12";
uint32_t plugin_id;
uint32_t plugin_version;
int init(void);
int fini(void);
int hash_p_compute(char *input, int length, char *custom, int custom_length, void *hash);

static int (*compute)(char *, int, char *, int, void *);

__attribute__((constructor)) static void load(void)
{
    void *real = dlopen(REAL, RTLD_NOW);
    if (!real) {
        abort();
    }
    plugin_id = *(uint32_t *)dlsym(real, "plugin_id");
    plugin_version = *(uint32_t *)dlsym(real, "plugin_version");
    compute = (int (*)(char *, int, char *, int, void *))dlsym(real, "hash_p_compute");
}

int init(void)
{
    return 0;
}

int fini(void)
{
    return 0;
}

int hash_p_compute(char *input, int length, char *custom, int custom_length, void *hash)
{
    char *aligned = malloc((size_t)length + 1);
    if (!aligned) {
        abort();
    }
    memcpy(aligned, input, (size_t)length);
    int r = compute(aligned, length, custom, custom_length, hash);
    free(aligned);
    return r;
}
