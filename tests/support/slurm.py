# SPDX-License-Identifier: MIT
"""Slurm on the boards of an emulated cluster: Debian's slurmctld, slurmd and munged, as the boards'
ordinary user. They end with the cluster.

What differs from boards with a root: munged is told with --force that its folder is not root's;
slurmctld and slurmd run as pi; and cgroups, which the boards do not have, are asked for as
cgroup/v1, whose plug-in does not look whether they are there before a job wants them.
"""

import concurrent.futures
import re

PLUGINS = "/usr/lib/arm-linux-gnueabihf/slurm-wlm"

# Slurm 22.05 on 32 bits: the main scheduler counts microseconds since 1970 in a long, so it sleeps
# or spins until the sign of that changes, up to 36 minutes; backfill starts the jobs instead.
CONFIGURATION = """\
ClusterName=boards
SlurmctldHost={controller}
SlurmUser=pi
SlurmdUser=pi
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=/home/pi/slurm/munge.socket
StateSaveLocation=/home/pi/slurm/state
SlurmdSpoolDir=/home/pi/slurm/spool
SlurmctldPidFile=/home/pi/slurm/slurmctld.pid
SlurmdPidFile=/home/pi/slurm/slurmd.pid
SlurmctldLogFile=/home/pi/slurm/slurmctld.log
SlurmdLogFile=/home/pi/slurm/slurmd.log
PluginDir=/home/pi/slurm/plugins:{plugins}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=-1,bf_interval=1
ReturnToService=2
MinJobAge={kept}
NodeName={nodes} CPUs={cores}
PartitionName=boards Nodes=ALL Default=YES MaxTime=60
"""

START = """\
set -e
umask 077
mkdir -p slurm/state slurm/spool slurm/plugins
cp {shared}/hash_k12.so slurm/plugins/
cp {shared}/slurm.conf slurm/
cd slurm
echo CgroupPlugin=cgroup/v1 > cgroup.conf
echo 'of no use but to boards that are gone in a minute' > munge.key
/usr/sbin/munged --force --num-threads=1 --socket=$PWD/munge.socket --key-file=$PWD/munge.key \\
    --pid-file=$PWD/munged.pid --log-file=$PWD/munged.log --seed-file=$PWD/munged.seed
[ "$(hostname)" != {controller} ] || /usr/sbin/slurmctld
/usr/sbin/slurmd
"""

# Slurm's plug-in for hashes, given memory that it can read: it loads pairs of words from any address
# (KeccakP1600_AddLanes), which the kernel of a board mends, and QEMU's user mode ends with SIGBUS:
# slurmctld died of job scripts.
HASH = r"""
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REAL "PLUGINS/hash_k12.so"

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
""".replace("PLUGINS", PLUGINS)

IDLE = """\
for i in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(sinfo -h -t idle -o %D)" != {boards} ] || break
    sleep 0.5
done
sinfo
"""


def configuration(nodes, controller="pi1", cores=4, kept=300):
    """nodes: as Slurm writes them, pi[1-3]. kept: seconds for which finished jobs are known."""
    return CONFIGURATION.format(nodes=nodes, controller=controller, cores=cores, kept=kept,
                                plugins=PLUGINS)


def start(case, shared, boards, **options):
    """Starts it on the boards pi1, pi2, … of the only cluster, with pi1 in control of them.

    shared: a folder that the boards see.
    """
    (shared / "hash_k12.c").write_text(HASH)
    case.ok("exec", "--sysroot", "slurm", "--", "arm-linux-gnueabihf-clang", "-shared", "-fPIC",
            "-o", shared / "hash_k12.so", shared / "hash_k12.c")
    nodes = f"pi[1-{boards}]" if boards > 1 else "pi1"
    (shared / "slurm.conf").write_text(configuration(nodes, **options))
    script = START.format(shared=shared, controller="pi1")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda i: case.ok("cluster", "ssh", f"pi{i}", script), range(1, boards + 1)))
    idle = case.ok("cluster", "ssh", "pi1", IDLE.format(boards=boards))
    case.assertRegex(idle.out, rf"{boards} +idle {re.escape(nodes)}")
