# SPDX-License-Identifier: GPL-2.0
"""Boot pairs of QEMU guests and run commands in them.

The test runner, the demonstration and the benchmarks all use Pair:

    with rig.Pair("6.12", roles=("ours", "ours"), log=print) as pair:
        pair.boot()
        pair.start("b", "redis", "redis-server --protected-mode no")
        print(pair.on("a", "redis-cli -h 10.0.0.2 ping").stdout)

Every wait has a limit; a guest that does not answer raises RigError.
"""

import collections
import contextlib
import ctypes
import fcntl
import filecmp
import functools
import hashlib
import glob
import json
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time

import race

SELFTESTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TOP = os.path.dirname(SELFTESTS)
RIG = os.path.join(SELFTESTS, "rig")
PROGRAMS_CONF = os.path.join(RIG, "programs.conf")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or
                     os.path.expanduser("~/.cache"), "smc_r")
RESULTS = os.path.join(CACHE, "results")
KERNELS = ("6.1", "6.12")
ROLES = ("ours", "stock", "none")
PORTS = 8

# Races need a second CPU. Measurements do better with one for each guest.
SMP = int(os.environ.get("SMP", "2"))
MEMORY_MB = 1024
BOOT_SECONDS = 120
# Of each frame that is recorded. Heads are enough for messages of SMC.
CAPTURE_BYTES = {"all": 65536, "heads": 512}

# Kernels built by rig/prepare, for what they find: leaks (and much else, which
# ends the guest), races, or lines of the module that ran. They run the scenarios
# of their base; limits are multiplied by slow.
Built = collections.namedtuple("Built", "base finds slow memory_mb cmdline")
BUILT_KERNELS = {
    "6.12-debug": Built("6.12", "leaks", 8, 2048,
                        "kmemleak=on panic_on_warn=1 acpi=off"),
    "6.12-race": Built("6.12", "races", 4, MEMORY_MB, "acpi=off"),
    "6.12-coverage": Built("6.12", "lines", 1, MEMORY_MB, "acpi=off"),
}
# Those of Debian have KFENCE from 6.12 on: it looks at one allocation in 20 ms.
FETCHED = Built(None, None, 1, MEMORY_MB, "kfence.sample_interval=20")
# How the module is built for the last. CPUs must not lose counts of each other:
# gcov computes those of other lines from them.
COVERAGE_FLAGS = ["GCOV_PROFILE=y", "KCFLAGS=-fprofile-update=atomic"]

# Anything of this on a console fails a test, whatever the test itself said.
COMPLAINTS = re.compile(
    r"\bBUG\b|WARNING: |\bOops\b|Call Trace|KASAN|KFENCE|UBSAN|refcount_t"
    r"|(?i:kernel panic|hung task|blocked for more than|rcu.*(stall|starved)"
    r"|(soft|hard) ?lockup|unable to handle|\bleak|memory leak|general protection"
    r"|unregister_netdevice: waiting|scheduling while atomic"
    r"|trying to register non-static key|locking correctness validator"
    r"|lockdep (is )?turned off|list_(add|del) corruption|ODEBUG|DEBUG_LOCKS_WARN"
    r"|detected buffer overflow|usercopy: |memory exposure attempt"
    r"|unreferenced object|ref_tracker: |bad unlock balance|held lock freed)")
# Of these, what a healthy kernel says on a host that stands still.
OF_A_SLOW_HOST = re.compile(r"hung task|blocked for more than|rcu.*(stall|starved)"
                            r"|(soft|hard) ?lockup|Call Trace", re.I)
# Said by a healthy Debian kernel while it boots.
HARMLESS = re.compile(r"Spectre|Unprivileged eBPF|report a bug"
                      r"|kmemleak: Kernel memory leak detector initialized", re.I)


class RigError(Exception):
    """The rig or a guest failed, as opposed to a test's assertion."""


def cached(*parts):
    """Path below the cache, its directory made."""
    path = os.path.join(CACHE, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def run(cmd, what, **kwargs):
    """Run a host command, RigError with its output when it fails."""
    result = subprocess.run(cmd, stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.STDOUT, check=False, **kwargs)
    if result.returncode:
        raise RigError(f"{what} failed:\n{result.stdout[-6000:]}")
    return result.stdout


def hash_files(paths):
    """One digest over names and contents."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.encode())
        with open(path, "rb") as file:
            digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()[:16]


_prepared = set()


def built(kernel):
    """What BUILT_KERNELS says of a kernel, or the same of one of Debian's."""
    return BUILT_KERNELS.get(kernel, FETCHED)


def prepare(kernel=None):
    """Packages and kernels, a built kernel by its name; says itself what it
    does."""
    for wanted in (None, kernel):
        if wanted in _prepared or (wanted and wanted not in BUILT_KERNELS):
            continue
        cmd = [os.path.join(RIG, "prepare")] + (["--kernel", wanted] if wanted else [])
        if subprocess.run(cmd, check=False,
                          stdout=subprocess.DEVNULL).returncode:
            raise RigError("selftests/rig/prepare failed")
        _prepared.add(wanted)


def kernel_dir(kernel):
    return os.path.join(CACHE, "kernels", kernel)


def release(kernel):
    with open(os.path.join(kernel_dir(kernel), "release")) as file:
        return file.read().strip()


def kdir(kernel):
    return os.path.join(kernel_dir(kernel), "usr/src",
                        "linux-headers-" + release(kernel))


# --- what goes into a guest -------------------------------------------------

def module_tree(kernel):
    """Where build_module() builds for a kernel."""
    return cached("build", release(kernel), "tree", "")


def build_module(kernel, log, source=TOP):
    """Build smc_r.ko for a kernel, in a copy of the tree: builds for several
    kernels must not meet in one directory. Returns the module's path."""
    prepare(kernel)
    copy = module_tree(kernel)
    wanted = set()
    for top in ("Makefile", "Kbuild", "net", "include"):
        top = os.path.join(source, top)
        found = [top] if os.path.isfile(top) else [
            os.path.join(where, name)
            for where, _, names in os.walk(top) for name in names]
        for path in found:
            if re.search(r"\.(o|ko|mod|mod\.c|cmd|a|order|symvers)$", path):
                continue
            rel = os.path.relpath(path, source)
            wanted.add(rel)
            target = os.path.join(copy, rel)
            # With a time of its own: another tree may have been built here,
            # and older sources are news to its objects.
            if (not os.path.exists(target) or
                    not filecmp.cmp(path, target, shallow=False)):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copyfile(path, target)
    for where, _, names in os.walk(copy):
        for name in names:
            path = os.path.join(where, name)
            if (name.endswith((".c", ".h", "Kbuild", "Makefile")) and
                    not name.endswith(".mod.c") and
                    os.path.relpath(path, copy) not in wanted):
                os.remove(path)
    if not os.path.exists(os.path.join(copy, "Makefile")):
        raise RigError("there is no module source to build")
    log(f"building smc_r.ko for {release(kernel)}")
    flags = COVERAGE_FLAGS if built(kernel).finds == "lines" else []
    run(["nice", "make", f"-j{os.cpu_count()}", "KDIR=" + kdir(kernel), *flags],
        "module build", cwd=copy)
    module = os.path.join(copy, "smc_r.ko")
    if not os.path.exists(module):
        raise RigError("the build left no smc_r.ko in the top directory")
    return module


def build_test_modules(kernel, log):
    """Build selftests/kmod for a kernel: {path in guest: host path}."""
    source = os.path.join(SELFTESTS, "kmod")
    names = ["Kbuild", "Makefile"] + [
        name for name in os.listdir(source) if re.search(r"\.[ch]$", name) and
        not name.endswith(".mod.c")]
    paths = [os.path.join(source, name) for name in names]
    copy = cached("build", release(kernel), "kmod-" + hash_files(paths), "")
    modules = [name[:-2] + ".ko" for name in names if name.endswith(".c")]
    if not all(os.path.exists(copy + name) for name in modules):
        for path in paths:
            shutil.copy2(path, copy)
        log(f"building selftests/kmod for {release(kernel)}")
        run(["nice", "make", "KDIR=" + kdir(kernel)], "selftests/kmod", cwd=copy)
    return {"rig/" + name: copy + name for name in modules}


def build_programs(log):
    """Programs of the tree that run in guests: {path in guest: host path}."""
    files = {}
    for where in ("selftests/progs", "tools"):
        path = os.path.join(TOP, where)
        if not os.path.exists(os.path.join(path, "Makefile")):
            continue
        log(f"building {where}")
        run(["nice", "make", f"-j{os.cpu_count()}", "-C", path], where)
        for name in sorted(os.listdir(path)):
            full = os.path.join(path, name)
            if not os.path.isfile(full) or name.endswith(".sh"):
                continue
            if name.endswith(".so"):
                files["usr/local/lib/" + name] = full
            elif os.access(full, os.X_OK):
                files["usr/local/bin/" + name] = full
    return files


def build_rig_tools():
    """Agent and smcnl for the guests, rig-on and tsc for the host: their directory."""
    sources = [os.path.join(SELFTESTS, name) for name in
               ("rig/agent.c", "rig/on.c", "progs/smcnl.c", "rig/tsc.c", "rig/proto.h")]
    where = cached("rig", hash_files(sources), "")
    for name, source, flags in (("agent", sources[0], ["-static"]),
                                ("rig-on", sources[1], []),
                                ("smcnl", sources[2], ["-lmnl"]),
                                ("tsc", sources[3], [])):
        if not os.path.exists(where + name):
            tmp = f"{where}.{name}.{os.getpid()}"
            run(["gcc", "-O2", "-Wall", "-o", tmp, source, *flags], name)
            os.rename(tmp, where + name)
    return where


def shared_libraries(paths, directories=()):
    """What the dynamic linker loads for the programs, itself included.
    directories are searched first."""
    env = dict(os.environ, LD_LIBRARY_PATH=":".join(directories))
    output = subprocess.run(["ldd", *paths], text=True, check=False, env=env,
                            stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL).stdout
    missing = re.findall(r"(\S+) => not found", output)
    if missing:
        raise RigError(f"shared libraries not found: {missing}")
    return set(re.findall(r"(/\S+\.so\S*) \(0x", output))


def which(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        raise RigError(f"{name} is not installed")
    return path


class Stage:
    """A directory tree on its way into a cpio archive."""

    def __init__(self, root):
        self.root = root

    def add(self, target, source):
        # /lib and the like are links into /usr, which a directory of a later
        # archive would replace.
        target = re.sub(r"^(bin|sbin|lib|lib64)/", r"usr/\1/", target.lstrip("/"))
        path = os.path.join(self.root, target)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.lexists(path):
            shutil.copy2(source, path)

    def write_cpio(self, path):
        """Format "newc", everything owned by root."""
        with open(path, "wb") as out:
            inode = 0

            def entry(name, mode, data):
                nonlocal inode
                inode += 1
                name = name.encode() + b"\0"
                fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                          len(name), 0)
                header = b"070701" + b"".join(b"%08X" % f for f in fields)
                out.write(header + name + b"\0" * (-(len(header) + len(name)) % 4))
                out.write(data + b"\0" * (-len(data) % 4))

            for where, dirs, names in os.walk(self.root):
                dirs.sort()
                for name in sorted(names + [d for d in dirs
                                            if os.path.islink(os.path.join(where, d))]):
                    full = os.path.join(where, name)
                    rel = os.path.relpath(full, self.root)
                    info = os.lstat(full)
                    if stat.S_ISLNK(info.st_mode):
                        entry(rel, info.st_mode, os.readlink(full).encode())
                    else:
                        with open(full, "rb") as file:
                            entry(rel, info.st_mode, file.read())
                for name in dirs:
                    full = os.path.join(where, name)
                    if not os.path.islink(full):
                        entry(os.path.relpath(full, self.root),
                              stat.S_IFDIR | 0o755, b"")
            entry("TRAILER!!!", 0, b"")
            out.write(b"\0" * (-out.tell() % 512))


def stage_modules(stage, kernel, names, optional):
    """Kernel modules with their dependencies, and a module index."""
    rel = release(kernel)
    base = os.path.join(kernel_dir(kernel), "lib/modules", rel)
    target = os.path.join("lib/modules", rel)
    deps, paths = {}, {}
    with open(os.path.join(base, "modules.dep")) as file:
        for line in file:
            path, rest = line.rstrip("\n").split(":")
            name = os.path.basename(path)[:-len(".ko")].replace("-", "_")
            paths[name] = path
            deps[path] = rest.split()
    with open(os.path.join(base, "modules.builtin")) as file:
        builtin = {os.path.basename(line.strip())[:-3].replace("-", "_")
                   for line in file}
    for name in names + optional:
        name = name.replace("-", "_")
        if name not in paths:
            if name not in builtin and name not in optional:
                raise RigError(f"kernel {rel} has no module {name}")
            continue
        for path in [paths[name], *deps[paths[name]]]:
            stage.add(os.path.join(target, path), os.path.join(base, path))
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        stage.add(os.path.join(target, name), os.path.join(base, name))
    run(["depmod", "-b", stage.root, rel], "depmod")


def base_initramfs(kernel, agent, log):
    """The part that does not change while the module is worked on."""
    conf = os.path.join(RIG, "initramfs.conf")
    guest = glob.glob(os.path.join(RIG, "guest/*"))
    digest = hash_files([conf, agent, os.path.realpath(__file__), *guest])
    target = cached("initramfs", f"base-{release(kernel)}-{digest}.cpio")
    if os.path.exists(target):
        os.utime(target)
        return target
    log(f"building the initramfs of {release(kernel)}")
    words = {"module": [], "module?": [], "program": [], "library": [], "file": []}
    with open(conf) as file:
        for line in file:
            line = line.split("#")[0].split()
            if line:
                words[line[0]] += line[1:]
    with tempfile.TemporaryDirectory(prefix="smcr-initramfs-") as root:
        stage = Stage(root)
        for path in ("dev", "proc", "sys", "tmp", "run", "root", "var/lib",
                     "etc/modprobe.d", "usr/bin", "usr/sbin", "usr/lib", "rig"):
            os.makedirs(os.path.join(root, path))
        for link in ("bin", "sbin", "lib64"):
            os.symlink("usr/" + link, os.path.join(root, link))
        os.makedirs(os.path.join(root, "usr/lib64"))
        os.symlink("usr/lib", os.path.join(root, "lib"))
        busybox = which("busybox")
        stage.add("bin/busybox", busybox)
        # Not busybox's shell: that one takes its own applets for ip or modprobe.
        stage.add("bin/sh", which("dash"))
        programs = [which(name) for name in ["dash", *words["program"]]]
        libraries = sum((glob.glob(p) for p in words["library"]), [])
        for path in programs:
            # Some are links to a program of many names: keep the name used.
            stage.add("usr/bin/" + os.path.basename(path), path)
        for path in libraries + sorted(shared_libraries(programs + libraries)):
            stage.add(path, path)
        for pattern in words["file"]:
            for path in filter(os.path.isfile, glob.glob(pattern)):
                stage.add(path, path)
        for applet in run([busybox, "--list"], "busybox").split():
            path = os.path.join(root, "usr/bin", applet)
            if not os.path.lexists(path):
                os.symlink("busybox", path)
        for path in guest:
            name = os.path.basename(path)
            stage.add("init" if name == "init" else "rig/" + name, path)
        stage.add("rig/agent", agent)
        for name, text in (
                ("passwd", "root:x:0:0:root:/root:/bin/sh\n"),
                ("group", "root:x:0:\n"),
                ("nsswitch.conf", "hosts: files\n"),
                ("hosts", "127.0.0.1 localhost\n10.0.0.1 a\n10.0.0.2 b\n"
                          "fd00::1 a6\nfd00::2 b6\n")):
            with open(os.path.join(root, "etc", name), "w") as file:
                file.write(text)
        stage_modules(stage, kernel, words["module"], words["module?"])
        tmp = f"{target}.{os.getpid()}"
        stage.write_cpio(tmp)
    os.rename(tmp, target)
    prune(cached("initramfs", f"base-{release(kernel)}-*.cpio"))
    return target


def prune(pattern, keep=5):
    """Forget all but the files used last; several serve switching to and fro
    between contents."""
    def used(path):
        try:
            return os.path.getmtime(path)
        except FileNotFoundError:   # another run was faster
            return 0

    for old in sorted(glob.glob(pattern), key=used)[:-keep]:
        if os.path.isdir(old):
            shutil.rmtree(old, ignore_errors=True)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.remove(old)


def is_program(path):
    """Or a library: for the dynamic linker."""
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF" and not path.endswith(".ko")


def program_files(name):
    """Paths of rig/programs.conf in the unpacked packages, directories with
    all that is in them."""
    found = []
    section = None
    with open(PROGRAMS_CONF) as file:
        for line in file:
            line = line.strip()
            if line.startswith("["):
                section = line.strip("[]")
            elif section == name and line.startswith("file "):
                for pattern in line.split()[1:]:
                    paths = glob.glob(cached("programs", pattern))
                    if not paths:
                        raise RigError(f"{name}: there is no {pattern}")
                    found += paths
    if not found:
        raise RigError(f"{PROGRAMS_CONF} has no {name}")
    return list(filter(os.path.isfile, found + [
        os.path.join(where, base) for path in found
        for where, _, bases in os.walk(path) for base in bases]))


def programs_initramfs(name, log):
    """The part with one section of rig/programs.conf."""
    unpacked = cached("programs", "")
    digest = hash_files([PROGRAMS_CONF, unpacked + "versions",
                         os.path.realpath(__file__)])
    target = cached("initramfs", f"programs-{name}-{digest}.cpio")
    if os.path.exists(target):
        os.utime(target)
        return target
    log(f"building the initramfs of {name}")
    files = program_files(name)
    own = {os.path.dirname(path) for path in files if path.endswith(".so")}
    libraries = shared_libraries(
        filter(is_program, files),
        [unpacked + "usr/lib/x86_64-linux-gnu", unpacked + "lib/x86_64-linux-gnu",
         *sorted(own)])
    with tempfile.TemporaryDirectory(prefix="smcr-programs-") as root:
        stage = Stage(root)
        for path in [*files, *sorted(libraries)]:
            stage.add(path.removeprefix(unpacked), path)
        tmp = f"{target}.{os.getpid()}"
        stage.write_cpio(tmp)
    os.rename(tmp, target)
    prune(cached("initramfs", f"programs-{name}-*.cpio"))
    return target


def packages_for(kernel, log):
    """What the Debian packages install for a kernel, and which of it goes with
    them: {path in guest: host path}."""
    scripts = os.path.join(SELFTESTS, "packages")
    sources = [os.path.join(TOP, name) for name in ("Kbuild", "Makefile", "dkms.conf")]
    sources += [os.path.join(scripts, name) for name in
                ("root", "enter", "lib.sh", "build.sh", "installed.sh")]
    for top in ("net", "packaging", "tools"):
        found = [os.path.join(where, name)
                 for where, _, names in os.walk(os.path.join(TOP, top))
                 if not where.endswith("packaging/out") for name in names]
        # but what is built there
        sources += [path for path in found if not is_program(path) and not re.search(
            r"(/\.[^/]*|\.(o|ko|d|mod|mod\.c|help\.h|skel\.h))$", path)]
    out = cached("packages", f"{release(kernel)}-{hash_files(sources)}", "")
    files = ("packages.tar", "packages.removed")
    if not all(os.path.exists(out + name) for name in files):
        log(f"building packages and installing them for {release(kernel)}")
        root = os.path.join(scripts, "root")
        run(["nice", root, "deb", out, "build.sh"], "building packages")
        run(["nice", root, "clean", out, "installed.sh", kernel], "installing packages")
        prune(cached("packages", release(kernel) + "-*"))
    return {"rig/" + name: out + name for name in files}


def overlay_cpio(files, target):
    """Programs and module under test: {path in guest: host path}."""
    with tempfile.TemporaryDirectory(prefix="smcr-overlay-") as root:
        stage = Stage(root)
        for name, path in files.items():
            stage.add(name, path)
        elf = list(filter(is_program, files.values()))
        if elf:
            for path in shared_libraries(elf):
                stage.add(path, path)
        stage.write_cpio(target)


def vmlinux(kernel, log):
    """The uncompressed kernel: without a fast CPU its own decompressor takes
    longer than all the rest of the boot."""
    image = os.path.join(kernel_dir(kernel), "boot/vmlinuz-" + release(kernel))
    target = cached("vmlinux", release(kernel))
    if os.path.exists(target):
        return target
    log(f"unpacking the kernel image of {release(kernel)}")
    with open(image, "rb") as file:
        data = file.read()
    tmp = f"{target}.{os.getpid()}"
    for magic, tool in ((b"\xfd7zXZ\0", ["xz", "-dc"]),
                        (b"\x28\xb5\x2f\xfd", ["zstd", "-dcq"])):
        at = data.find(magic)
        while at >= 0:
            out = subprocess.run(tool, input=data[at:], check=False,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL).stdout
            if out[:4] == b"\x7fELF":
                with open(tmp, "wb") as file:
                    file.write(out)
                os.rename(tmp, target)
                return target
            at = data.find(magic, at + 1)
    return image


# --- accelerator ------------------------------------------------------------

def accelerator(log):
    """["-accel", ...], and what its kernels are told: KVM where a probe really
    boots under it."""
    path = cached("accel.json")
    identity = [5, os.uname().release, socket.gethostname(),
                os.path.exists("/dev/kvm") and os.access("/dev/kvm", os.W_OK)]
    try:
        with open(path) as file:
            known = json.load(file)
        if known["identity"] == identity:
            return known["args"], known["cmdline"]
    except (OSError, ValueError, KeyError):
        pass
    # One host thread for all CPUs of a guest: with more, code that the kernel
    # patches while another CPU runs it now and then crashes the boot, and
    # timer interrupts get lost. CMPXCHG16B of QEMU 7.2 leaves garbage in the
    # flags; an interrupt behind it crashes the guest. The rest only costs
    # time: five-level page tables, string moves (one byte at a time), AVX.
    args = ["-accel", "tcg,thread=single",
            "-cpu", "max,-la57,-cx16,-erms,-avx,-avx2"]
    cmdline = "tsc_early_khz=" + run([build_rig_tools() + "tsc"], "tsc").strip()
    if identity[-1]:
        log("probing KVM")
        kvm = ["-accel", "kvm", "-cpu", "host"]
        if kvm_boots(kvm):
            args, cmdline = kvm, ""
    log("guests run with " + " ".join(args[:2]))
    with open(path, "w") as file:
        json.dump({"identity": identity, "args": args, "cmdline": cmdline}, file)
    return args, cmdline


def kvm_boots(kvm):
    """Does a kernel get as far as missing its root file system?"""
    kernel = KERNELS[-1]
    image = os.path.join(kernel_dir(kernel), "boot/vmlinuz-" + release(kernel))
    try:
        output = subprocess.run(
            [QEMU, "-nodefaults", "-display", "none",
             "-no-reboot", *kvm, "-m", "512", "-serial", "stdio",
             "-kernel", image, "-append", "console=ttyS0 panic=-1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=20, check=False).stdout
    except subprocess.TimeoutExpired:
        return False
    return b"Unable to mount root fs" in output


# --- the host's pace ----------------------------------------------------------

class Pace(threading.Thread):
    """Watches whether this machine runs at all. A host that takes its CPUs
    away for seconds fails every test that has a time limit, and says nothing
    about what is tested."""

    EVERY = 0.25        # seconds between two looks
    LOOP = 20000        # some hundred microseconds of work
    SLOW = 20.0         # times the best loop ever seen: a look that is late
    _best = None        # of this process

    def __init__(self):
        super().__init__(daemon=True)
        self.looks = self.late = 0
        self.done = threading.Event()

    def run(self):
        while not self.done.is_set():
            begin = time.monotonic()
            for _ in range(self.LOOP):
                pass
            took = time.monotonic() - begin
            Pace._best = min(took, Pace._best or took)
            self.done.wait(self.EVERY)
            # The wait counts as well: this thread may not have been woken.
            slept = time.monotonic() - begin - took
            missed = (slept - self.EVERY) / self.EVERY
            self.looks += 1
            if took > self.SLOW * Pace._best or missed > 2:
                self.late += 1 + max(0, int(missed))

    def stop(self):
        self.done.set()
        self.join()

    def was_starved(self):
        """Were more than five seconds lost, or a tenth of the time?"""
        return self.late * self.EVERY > 5 or self.late > 4 + self.looks / 10


# --- guests -----------------------------------------------------------------

QEMU = "qemu-system-x86_64"


@functools.cache
def qemu_version():
    return run([QEMU, "--version"], QEMU)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Guest:
    """One QEMU process. name is "a" or "b"."""

    def __init__(self, name, kernel, directory, rig_on):
        self.name = name
        self.kernel = kernel
        self.dir = os.path.join(directory, name)
        self.rig_on = rig_on
        self.process = None
        self.is_restored = False
        os.makedirs(self.dir)

    @property
    def console(self):
        return os.path.join(self.dir, "console")

    @property
    def mac(self):
        return self.mac_on(0)

    def mac_on(self, wire):
        return f"52:54:00:00:{wire:02x}:{'ab'.index(self.name) + 1:02x}"

    @property
    def pcap(self):
        return os.path.join(self.dir, "wire.pcap")

    def finds(self):
        return built(self.kernel).finds

    def launch(self, accel, cmdline, image, initramfs, wires, smp, memory_mb, capture,
               reboots, state):
        """Boot, or go on from a file that save() has written."""
        self.is_restored = os.path.exists(state)
        cmd = [QEMU, "-name", "smcr-" + self.name,
               "-nodefaults", "-no-user-config", "-display", "none",
               *([] if reboots else ["-no-reboot"]),
               *(["-incoming", f"exec:cat {shlex.quote(state)}"] if self.is_restored else []),
               *accel, "-smp", str(smp), "-m", str(memory_mb),
               "-kernel", image, "-initrd", initramfs, "-append",
               "console=ttyS0 quiet panic=-1 oops=panic mitigations=off "
               "sysrq_always_enabled random.trust_cpu=on tsc=reliable "
               f"no_timer_check {built(self.kernel).cmdline} {cmdline}",
               "-serial", "file:" + self.console,
               "-chardev", f"socket,id=mon,path={self.dir}/monitor,server=on,wait=off",
               "-mon", "chardev=mon,mode=readline",
               "-device", "virtio-rng-pci",
               # Has a restored kernel draw other random numbers than the last.
               "-device", "vmgenid,guid=auto"]
        for i, wire in enumerate(wires):
            cmd += ["-netdev", f"stream,id=wire{i},server=off,addr.type=fd,"
                    f"addr.str={wire.fileno()}",
                    "-device", f"virtio-net-pci,netdev=wire{i},mac={self.mac_on(i)}"]
        cmd += ["-device", f"virtio-serial-pci,max_ports={PORTS + 1}"]
        for i in range(PORTS):
            cmd += ["-chardev", f"socket,id=port{i},path={self.dir}/port{i},"
                    "server=on,wait=off",
                    "-device", f"virtserialport,chardev=port{i},name=rig.{i}"]
        if capture:
            cmd += ["-object", f"filter-dump,id=dump,netdev=wire0,file={self.pcap},"
                    f"maxlen={CAPTURE_BYTES[capture]}"]
        with open(os.path.join(self.dir, "qemu.log"), "w") as log:
            self.process = subprocess.Popen(
                cmd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[wire.fileno() for wire in wires], preexec_fn=die_with_parent)
        # For scenarios that stop the emulator.
        with open(os.path.join(self.dir, "pid"), "w") as file:
            print(self.process.pid, file=file)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def console_text(self):
        try:
            with open(self.console, errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def wait_until(self, condition, what, deadline):
        while not condition():
            if not self.alive():
                with open(os.path.join(self.dir, "qemu.log")) as file:
                    raise RigError(f"guest {self.name} ended: " + file.read().strip())
            if time.monotonic() > deadline:
                raise RigError(f"guest {self.name} {what} in time")
            time.sleep(0.05)

    def wait_agent(self, deadline):
        if self.is_restored:
            self.wait_until(lambda: "VM status: running" in self.ask("info status"),
                            "was not restored", deadline)
            return
        self.wait_until(lambda: "agent: ready" in self.console_text(),
                        "did not boot", deadline)

    def save(self, state, deadline):
        """Write all of the running guest to a file, for launch()."""
        tmp = f"{state}.{os.getpid()}"
        # QEMU may say that all is written before it is in the file.
        done = tmp + ".done"
        self.ask("migrate_set_parameter max-bandwidth 100G")
        self.ask(f"migrate -d \"exec:cat >{tmp} && mv {tmp} {done} || rm -f {tmp}\"")
        self.wait_until(lambda: re.search(r"Migration status: (completed|failed)",
                                          self.ask("info migrate")),
                        "was not saved", deadline)
        is_whole = "Migration status: completed" in self.ask("info migrate")
        self.ask("cont")
        end = time.monotonic() + 10
        while is_whole and not os.path.exists(done) and time.monotonic() < end:
            time.sleep(0.05)
        if is_whole and os.path.exists(done):
            os.rename(done, state)

    def on(self, script, timeout):
        return subprocess.run([self.rig_on, self.dir, str(timeout), script],
                              text=True, errors="replace", check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)

    def ask(self, line):
        """What QEMU's monitor answers to a line; "" where there is none yet."""
        prompt = b"(qemu) "
        answer = b""

        def read():
            data = sock.recv(4096)
            if not data:
                raise ConnectionError("QEMU has ended")
            return data

        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(10)
                sock.connect(os.path.join(self.dir, "monitor"))
                while not answer.endswith(prompt):
                    answer += read()
                sock.sendall(line.encode() + b"\n")
                answer = b""
                # The line is echoed as it is typed, then comes the answer.
                while not (b"\n" in answer and answer.endswith(prompt)):
                    answer += read()
        except OSError:
            return ""
        return answer.split(b"\n", 1)[1].decode(errors="replace")

    def show_blocked(self):
        """Have the kernel print its blocked tasks and its CPUs' stacks, by
        the agent or, when that is stuck too, by the keyboard."""
        if not self.alive():
            return
        script = "dmesg -n 8; echo w >/proc/sysrq-trigger; echo l >/proc/sysrq-trigger"
        try:
            done = subprocess.run(
                [self.rig_on, self.dir, "5", script], timeout=8, check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
        except subprocess.TimeoutExpired:
            done = False
        if not done:
            for key in "8wl":
                self.ask(f"sendkey alt-sysrq-{key}")
        time.sleep(2)

    def save_dmesg(self):
        """Keep the whole kernel log, of which the console is a part."""
        try:
            result = self.on("dmesg", 10)
        except subprocess.SubprocessError:
            return
        if result.returncode == 0:
            with open(os.path.join(self.dir, "dmesg"), "w") as file:
                file.write(result.stdout)

    def complaints(self):
        found = []
        for path in (self.console, os.path.join(self.dir, "dmesg")):
            try:
                with open(path, errors="replace") as file:
                    lines, races = race.split(file.read())
            except OSError:
                continue
            found += [line.strip() for line in lines
                      if COMPLAINTS.search(line) and not HARMLESS.search(line)]
            found += ["\n".join(report.lines) for report in race.unknown(races)]
        return list(dict.fromkeys(found))

    def sees_races(self):
        """Does KCSAN find a race that is made on purpose?"""
        return self.on("insmod /rig/smcr_race.ko && rmmod smcr_race &&"
                       "dmesg | grep -q 'KCSAN: data-race in race_writer'",
                       60).returncode == 0

    def checkers_off(self):
        """Why the kernel no longer checks itself, or ""."""
        return self.on(
            "grep -q '^ debug_locks: *1$' /proc/lockdep_stats ||"
            " echo lockdep turned off;"
            "echo scan=off >/sys/kernel/debug/kmemleak || echo kmemleak is off",
            60).stdout.strip().replace("\n", ", ")

    def leaks(self):
        """Reports of kmemleak, each its lines; forgets them. An object counts
        from its sixth second on, and when a second look finds it unchanged."""
        text = self.on(
            "f=/sys/kernel/debug/kmemleak; sleep 6; echo scan >$f; sleep 2;"
            "echo scan >$f; cat $f; echo clear >$f", 120 * built(self.kernel).slow)
        if text.returncode:
            return [[f"unreferenced objects: no answer, {text.stderr.strip()}"]]
        found = []
        for line in text.stdout.splitlines():
            if line.startswith("unreferenced object"):
                found.append([])
            if found:
                found[-1].append(line)
        return found

    def unload(self):
        """Take smc_r.ko out, after what a scenario may have left running:
        why that failed, or ""."""
        script = ("for f in /run/rig/*.pid; do"
                  " [ -e \"$f\" ] && kill -KILL -$(cat $f); done 2>/dev/null;"
                  "[ ! -e /sys/module/smcr_fault ] || rmmod smcr_fault;"
                  "[ ! -e /sys/module/smc_r_diag ] || rmmod smc_r_diag;"
                  "i=0; while [ -e /sys/module/smc_r ] && ! rmmod smc_r; do"
                  " i=$((i + 1)); [ $i -lt 100 ] || exit 1; sleep 1; done")
        result = self.on(script, 200)
        return "" if result.returncode == 0 else (
            "rmmod smc_r: " + (result.stderr.strip().splitlines() or ["late"])[-1])

    def kill(self):
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()


class Pair:
    """Guests a (10.0.0.1, fd00::1) and b (10.0.0.2, fd00::2) on one wire.

    kernel    "6.12", or one for each guest as in "6.1:6.12"
    roles     of a and b: "ours", "stock" or "none"
    rdma      "both", "a", "b" or "none": who has rxe0 on eth0
    wires     2: and eth1 (10.0.1.1, 10.0.1.2) with rxe1 on a second wire
    programs  sections of rig/programs.conf that the guests have
    modules   {kernel: path} of a ready smc_r.ko; built when needed otherwise
    capture   "all" or "heads" of the frames on the wire are recorded, by a
    files     more {path in guest: host path}
    reboots   a guest may reboot; it ends otherwise
    cmdline   more of the kernels' command line
    """

    def __init__(self, kernel, roles=("ours", "ours"), rdma="both", mtu=1500,
                 wires=1, smp=SMP, memory_mb=None, capture=None, programs=(),
                 modules=None, files=None, reboots=False, cmdline="",
                 log=lambda text: None):
        kernels = kernel.split(":")
        self.kernels = dict(zip("ab", kernels if len(kernels) == 2 else kernels * 2))
        self.roles = dict(zip("ab", roles))
        self.rdma = {"both": "ab", "a": "a", "b": "b", "none": ""}[rdma]
        self.mtu = mtu
        self.wires = wires
        self.smp = smp
        kinds = [built(name) for name in self.kernels.values()]
        self.is_built = any(kind.finds for kind in kinds)
        self.slow = max(kind.slow for kind in kinds)
        self.memory_mb = max(memory_mb or 0, *(kind.memory_mb for kind in kinds))
        self.capture = capture
        self.programs = programs
        self.modules = dict(modules or {})
        self.files = dict(files or {})
        self.reboots = reboots
        self.cmdline = cmdline
        self.log = log
        self.guests = {}
        self.dir = None
        for name in self.kernels.values():
            if name not in KERNELS and name not in BUILT_KERNELS:
                raise RigError(f"unknown kernel {name}")
        for role in self.roles.values():
            if role not in ROLES:
                raise RigError(f"unknown role {role}")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def initramfs(self, kernel, agent, programs):
        """Built once per kernel and content."""
        files = dict(programs, **self.files)
        if "ours" in [self.roles[g] for g in "ab" if self.kernels[g] == kernel]:
            if kernel not in self.modules:
                self.modules[kernel] = build_module(kernel, self.log)
            module = self.modules[kernel]
            files["rig/smc_r.ko"] = module
            diag = module.replace("smc_r.ko", "smc_r_diag.ko")
            if os.path.exists(diag):
                files["rig/smc_r_diag.ko"] = diag
        files.update(build_test_modules(kernel, self.log))
        parts = [base_initramfs(kernel, agent, self.log),
                 *(programs_initramfs(name, self.log) for name in self.programs)]
        digest = hashlib.sha256((str(parts) + str(sorted(files)) +
                                 hash_files(files.values())).encode()).hexdigest()[:16]
        target = cached("initramfs", f"{release(kernel)}-{digest}.cpio")
        if os.path.exists(target):
            os.utime(target)
            return target
        tmp = f"{target}.{os.getpid()}"
        overlay_cpio(files, tmp + ".overlay")
        with open(tmp, "wb") as out:
            for part in (*parts, tmp + ".overlay"):
                with open(part, "rb") as file:
                    shutil.copyfileobj(file, out)
        os.remove(tmp + ".overlay")
        os.rename(tmp, target)
        prune(cached("initramfs", release(kernel) + "-*.cpio"))
        return target

    def setup(self, name):
        """The command that makes a guest what the test asks for."""
        return (f"RIG_SLOW={self.slow} /rig/setup {name} {self.roles[name]} "
                f"{'yes' if name in self.rdma else 'no'} {self.mtu} {self.wires}")

    def state(self, name, *made_of):
        """The file with a guest as it is when it has booted and is set up, for
        all pairs that have one just like it; or "". KVM boots as fast, and the
        kernels that check themselves have much to save."""
        if self.programs or self.files or self.is_built or "kvm" in made_of[0]:
            return ""
        digest = hashlib.sha256(repr((*made_of, self.setup(name), self.smp, self.memory_mb,
                                      qemu_version())).encode()).hexdigest()[:16]
        return cached("states", f"{release(self.kernels[name])}-{name}-{digest}")

    def bring_up(self, name, state, deadline):
        guest = self.guests[name]
        guest.wait_agent(deadline)
        if guest.is_restored:
            with contextlib.suppress(FileNotFoundError):    # another run's prune()
                os.utime(state)
            self.on(name, f"date -s @{time.time():.0f} >/dev/null", check=True)
            return
        self.on(name, f"dmesg -n 7; {self.setup(name)}", timeout=BOOT_SECONDS * self.slow,
                check=True)
        if state:
            guest.save(state, deadline)
            prune(cached("states", "*"), keep=12)

    def boot(self):
        """Both guests up, with addresses, modules and RDMA devices."""
        for kernel in self.kernels.values():
            prepare(kernel)
        tools = build_rig_tools()
        rig_on = tools + "rig-on"
        programs = build_programs(self.log)
        programs["usr/local/bin/smcnl"] = tools + "smcnl"
        archives = {k: self.initramfs(k, tools + "agent", programs)
                    for k in dict.fromkeys(self.kernels.values())}
        images = {k: vmlinux(k, self.log) for k in archives}
        accel, cmdline = accelerator(self.log)
        cmdline += " " + self.cmdline
        self.dir = tempfile.mkdtemp(prefix="smcr-")
        begin = time.monotonic()
        self.log(f"booting {self.describe()}")
        wires = [socket.socketpair() for _ in range(self.wires)]
        states = {}
        for end, name in enumerate("ab"):
            kernel = self.kernels[name]
            guest = Guest(name, kernel, self.dir, rig_on)
            self.guests[name] = guest
            states[name] = self.state(name, accel, cmdline, images[kernel], archives[kernel])
            guest.launch(accel, cmdline, images[kernel], archives[kernel],
                         [wire[end] for wire in wires], self.smp,
                         self.memory_mb, self.capture if name == "a" else None,
                         self.reboots, states[name])
        for wire in wires:
            for end in wire:
                end.close()
        deadline = begin + BOOT_SECONDS * self.slow
        self.in_both(lambda name: self.bring_up(name, states[name], deadline))
        for name, guest in self.guests.items():
            if guest.finds() == "races" and not guest.sees_races():
                raise RigError(f"guest {name}: KCSAN does not see smcr_race.c")
        self.log(f"both guests are up after {time.monotonic() - begin:.1f} s")

    def describe(self):
        def one(name):
            return f"{name}: {release(self.kernels[name])} smc={self.roles[name]}"
        return f"{one('a')}, {one('b')}, {self.smp} CPU each"

    def in_both(self, function):
        """Run function("a") and function("b") at the same time."""
        failures = []

        def call(name):
            try:
                function(name)
            except RigError as error:
                failures.append(error)

        threads = [threading.Thread(target=call, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def on(self, name, script, timeout=30, check=False):
        """Run a shell script in a guest: CompletedProcess with text."""
        result = self.guests[name].on(script, timeout)
        if result.returncode == 125 or (check and result.returncode):
            raise RigError(f"guest {name}: {script!r} gave {result.returncode}: "
                           f"{(result.stdout + result.stderr).strip()}")
        return result

    def start(self, name, daemon, command):
        """Run a command in a guest's background, under a name."""
        self.on(name, f"/rig/daemon start {daemon} {shlex.quote(command)}", check=True)

    def stop(self, name, daemon):
        self.on(name, f"/rig/daemon stop {daemon}", check=True)

    def complaints(self):
        """Lines of the guests' kernels that fail any test."""
        for guest in self.guests.values():
            if guest.alive():
                guest.save_dmesg()
        return [f"{guest.name}: {line}" for guest in self.guests.values()
                for line in guest.complaints()]

    def leaks(self, when):
        """What kmemleak found in kernels that have it, as lines."""
        lines = []

        def look(name):
            if self.guests[name].finds() == "leaks":
                for report in self.guests[name].leaks():
                    lines.extend(f"{name}, {when}: {line}" for line in report)

        self.in_both(look)
        return lines

    def unload(self):
        """smc_r.ko leaves the guests that have it: complaints as lines. Both
        at once: what is closing waits for the peer."""
        lines = []

        def take_out(name):
            problem = self.roles[name] == "ours" and self.guests[name].unload()
            if problem:
                lines.append(f"{name}: {problem}")

        self.in_both(take_out)
        return lines

    def dead(self):
        """Names of guests that are gone or do not answer."""
        return [name for name, guest in self.guests.items()
                if not guest.alive() or guest.on("true", 15).returncode]

    def keep_logs(self, label, output=()):
        """Copy consoles, logs and captures to the results: their directory.
        output is what the test printed."""
        target = cached("results", time.strftime("%Y%m%d-%H%M%S-") +
                        re.sub(r"[^\w.-]+", "_", label), "")
        for name, guest in self.guests.items():
            for file in ("console", "dmesg", "qemu.log", "wire.pcap"):
                path = os.path.join(guest.dir, file)
                if os.path.exists(path):
                    shutil.copy(path, os.path.join(target, f"{name}.{file}"))
        with open(os.path.join(target, "output"), "w") as file:
            file.writelines(line + "\n" for line in output)
        prune(os.path.join(RESULTS, "*"), keep=50)
        return target.rstrip("/")

    def close(self):
        for guest in self.guests.values():
            guest.kill()
        if self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)
            self.dir = None
