/* SPDX-License-Identifier: EUPL-1.2
 *
 * What a disk may do to a program, for LD_PRELOAD. Knows nothing of the program.
 *
 *   FAULTS_ROOT    the folder whose files are watched; calls about anything else pass untouched
 *   FAULTS_AT      the number of the call at which it happens, from 1; none: nothing happens
 *   FAULTS_DO      kill: SIGKILL before the call, half of a write done
 *                  eio: this sync fails, and what it should have written is lost though later syncs succeed
 *                  enospc: this write and all after it find the disk full
 *   FAULTS_COUNT   a file that receives at the end how many calls there were: all, syncs, writes
 *   FAULTS_SHADOW  a folder that receives what would be left after a power cut, by inode and moment of birth:
 *                  of a file its bytes and rights at its last sync, of a folder its names and rights
 *
 * `kill` counts every call that changes or syncs; `eio` counts syncs; `enospc` counts writes.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITES = 1, SYNCS = 2, NAMES = 4 };
enum { MANY = 64, KEY = 64 };

static char root[PATH_MAX], shadow[PATH_MAX], counted[PATH_MAX];
static long at;
static int counts = 0, deed = 'n';
static atomic_long calls, all_calls, all_syncs, all_writes;
static char lost[MANY][KEY];
static int losses;
static pthread_mutex_t keeping = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name, ...) ((int (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))
#define REAL_WRITE(name, ...) ((ssize_t (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

static void setting(const char *name, char *value) {
    const char *given = getenv(name);
    snprintf(value, PATH_MAX, "%s", given ? given : "");
}

__attribute__((constructor)) void faults_begin(void) {
    char text[PATH_MAX];
    setting("FAULTS_ROOT", root);
    setting("FAULTS_SHADOW", shadow);
    setting("FAULTS_COUNT", counted);
    setting("FAULTS_AT", text);
    at = atol(text);
    setting("FAULTS_DO", text);
    deed = text[0];
    counts = deed == 'k' ? WRITES | SYNCS | NAMES : deed == 'e' ? (text[1] == 'i' ? SYNCS : WRITES) : 0;
    deed = deed == 'e' ? text[1] : deed; /* k, i or n */
}

__attribute__((destructor)) static void tell(void) {
    FILE *file = counted[0] ? fopen(counted, "w") : NULL;
    if (file) {
        fprintf(file, "%ld %ld %ld", (long)all_calls, (long)all_syncs, (long)all_writes);
        fclose(file);
    }
}

static int watched_path(const char *path) {
    size_t length = strlen(root);
    return length && !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
}

static int watched(int descriptor) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = root[0] ? readlink(link, path, sizeof path - 1) : -1;
    if (length < 0) return 0;
    path[length] = 0;
    return watched_path(path);
}

/* Count a call; 1 where the fault is due now, 2 where it was due before. */
static int due(int kind) {
    all_calls++;
    all_syncs += kind == SYNCS;
    all_writes += kind == WRITES;
    if (!(counts & kind)) return 0;
    long number = atomic_fetch_add(&calls, 1) + 1;
    if (!at || number < at) return 0;
    if (deed == 'k' && number == at && kind != WRITES) kill(getpid(), SIGKILL);
    return number == at ? 1 : 2;
}

/* ---- what a power cut would leave ---------------------------------------------------------------------- */

static int key_of(int folder, const char *name, int flags, char *key) {
    struct statx about;
    if (statx(folder, name, flags, STATX_BASIC_STATS | STATX_BTIME, &about)) return 0;
    snprintf(key, KEY, "%c%llu-%lld.%09u", S_ISDIR(about.stx_mode) ? 'd' : 'f', (unsigned long long)about.stx_ino,
             (long long)about.stx_btime.tv_sec, about.stx_btime.tv_nsec);
    return S_ISDIR(about.stx_mode) ? 2 : 1;
}

/* Write the key of a path: `d` or `f`, inode, moment of birth. */
int faults_key(const char *path, char *key) { return key_of(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, key); }

static void keep_names(int descriptor, FILE *into) {
    char link[64], key[KEY];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    DIR *folder = opendir(link);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
            key_of(dirfd(folder), entry->d_name, AT_SYMLINK_NOFOLLOW, key))
            fprintf(into, "%s\t%s\n", key, entry->d_name);
    if (folder) closedir(folder);
}

static void keep_bytes(int descriptor, FILE *into) {
    char link[64], bytes[1 << 16];
    size_t length;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    FILE *from = fopen(link, "r");
    while (from && (length = fread(bytes, 1, sizeof bytes, from))) fwrite(bytes, 1, length, into);
    if (from) fclose(from);
}

static int is_lost(const char *key) {
    for (int n = 0; n < losses; n++)
        if (!strcmp(lost[n], key)) return 1;
    return 0;
}

static void keep(int descriptor) {
    char key[KEY], name[PATH_MAX + KEY + 8], new[PATH_MAX + KEY + 16];
    int kind = shadow[0] ? key_of(descriptor, "", AT_EMPTY_PATH, key) : 0;
    if (!kind || is_lost(key)) return;
    pthread_mutex_lock(&keeping);
    snprintf(name, sizeof name, "%s/%s", shadow, key);
    snprintf(new, sizeof new, "%s.new", name);
    FILE *into = fopen(new, "w");
    struct stat about;
    if (into) {
        if (!fstat(descriptor, &about)) fchmod(fileno(into), about.st_mode & 0777);
        if (kind == 2) keep_names(descriptor, into);
        else keep_bytes(descriptor, into);
        fclose(into);
        REAL("rename", const char *, const char *)(new, name);
    }
    pthread_mutex_unlock(&keeping);
}

/* Name the folder of FAULTS_SHADOW, for who loads this without the environment. */
void faults_shadow(const char *folder) { snprintf(shadow, sizeof shadow, "%s", folder); }

/* Take what stands at a path for synced. */
void faults_keep(const char *path) {
    int descriptor = open(path, O_RDONLY);
    if (descriptor < 0) return;
    keep(descriptor);
    close(descriptor);
}

/* ---- the calls ----------------------------------------------------------------------------------------- */

static int synced(const char *name, int descriptor) {
    if (!watched(descriptor)) return REAL(name, int)(descriptor);
    if (due(SYNCS) == 1 && deed == 'i') {
        if (losses < MANY && key_of(descriptor, "", AT_EMPTY_PATH, lost[losses])) losses++;
        errno = EIO;
        return -1;
    }
    int result = REAL(name, int)(descriptor);
    if (!result) keep(descriptor);
    return result;
}

int fsync(int descriptor) { return synced("fsync", descriptor); }
int fdatasync(int descriptor) { return synced("fdatasync", descriptor); }

static size_t allowed(int descriptor, size_t length, int *now) {
    *now = watched(descriptor) ? due(WRITES) : 0;
    return *now == 1 ? length / 2 : length;
}

static ssize_t written(int now, size_t part, ssize_t done) {
    if (now == 1 && deed == 'k') kill(getpid(), SIGKILL);
    return now == 1 && deed == 'n' && !part ? (errno = ENOSPC, -1) : done;
}

static ssize_t full(void) { return errno = ENOSPC, -1; }

ssize_t write(int descriptor, const void *data, size_t length) {
    int now;
    size_t part = allowed(descriptor, length, &now);
    if (now == 2 && deed == 'n') return full();
    return written(now, part, REAL_WRITE("write", int, const void *, size_t)(descriptor, data, part));
}

ssize_t pwrite64(int descriptor, const void *data, size_t length, off64_t where) {
    int now;
    size_t part = allowed(descriptor, length, &now);
    if (now == 2 && deed == 'n') return full();
    return written(now, part, REAL_WRITE("pwrite64", int, const void *, size_t, off64_t)(descriptor, data, part, where));
}

ssize_t pwrite(int descriptor, const void *data, size_t length, off_t where) {
    return pwrite64(descriptor, data, length, where);
}

int ftruncate64(int descriptor, off64_t length) {
    if (watched(descriptor)) due(NAMES);
    return REAL("ftruncate64", int, off64_t)(descriptor, length);
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

int rename(const char *from, const char *to) {
    if (watched_path(to)) due(NAMES);
    return REAL("rename", const char *, const char *)(from, to);
}

int link(const char *from, const char *to) {
    if (watched_path(to)) due(NAMES);
    return REAL("link", const char *, const char *)(from, to);
}

int unlink(const char *path) {
    if (watched_path(path)) due(NAMES);
    return REAL("unlink", const char *)(path);
}

int rmdir(const char *path) {
    if (watched_path(path)) due(NAMES);
    return REAL("rmdir", const char *)(path);
}

int mkdir(const char *path, mode_t mode) {
    if (watched_path(path)) due(NAMES);
    return REAL("mkdir", const char *, mode_t)(path, mode);
}

int chmod(const char *path, mode_t mode) {
    if (watched_path(path)) due(NAMES);
    return REAL("chmod", const char *, mode_t)(path, mode);
}
