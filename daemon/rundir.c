/* rundir.c: see rundir.h. */
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_NAME "control.sock"
#define LOCK_NAME   "lock"

/* Whoever may read it must come so far; whatever our umask. */
static int
make_dir(const char *path)
{
	if (mkdir(path, 0755) < 0)
		return errno == EEXIST ? 0 : -1;
	return chmod(path, 0755);
}

static void
close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* What is somebody else's, and what is in it, is not ours to use. */
static bool
is_ours(int fd, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return false;
	errno = EACCES;
	return st->st_uid == geteuid();
}

/*
 * The folder and the lock in it, which only its owner may open: everybody may open the folder, and
 * whoever has something open can lock it.  1; 0: it is being removed by its last owner, once more;
 * -1 with errno.
 */
static int
lock(struct rundir *rundir)
{
	char path[sizeof(rundir->path) + sizeof(LOCK_NAME) + 1];
	struct stat held, named;

	if (make_dir(rundir->path) < 0)
		return -1;
	rundir->dir_fd = open(rundir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (rundir->dir_fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (!is_ours(rundir->dir_fd, &held))
		return -1;
	rundir->lock_fd = openat(rundir->dir_fd, LOCK_NAME,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (rundir->lock_fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (!is_ours(rundir->lock_fd, &held) || flock(rundir->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/" LOCK_NAME, rundir->path);
	return lstat(path, &named) == 0 && named.st_ino == held.st_ino;
}

/* The lock lives as long as any process of the tunnel. */
static bool
lock_dir(struct rundir *rundir)
{
	for (int try = 0; try < 100; try++) {
		int rc = lock(rundir);

		if (rc > 0)
			return true;
		close_fd(&rundir->dir_fd);
		close_fd(&rundir->lock_fd);
		if (rc < 0)
			return false;
	}
	errno = EAGAIN;
	return false;
}

static int
listen_socket(const struct rundir *rundir)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if ((size_t)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" SOCKET_NAME,
		rundir->path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	unlink(addr.sun_path); /* left by a keeper that was killed; the lock says nobody has it */
	mode_t old = umask(0117);
	int rc = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	umask(old);
	if (rc == 0)
		rc = lchown(addr.sun_path, (uid_t)-1, rundir->readers);
	if (rc == 0)
		rc = listen(fd, 16);
	if (rc < 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/*
 * sysusers.d makes it, in that file.  getgrnam() would ask whoever nsswitch.conf names where there is none: that was
 * 1 to 60 ms of each start, and may be a server on a network that is not there yet.
 */
static gid_t
readers(void)
{
	FILE *file = fopen("/etc/group", "re");
	gid_t found = (gid_t)-1;
	const struct group *group;

	if (file == NULL)
		return found;
	while (found == (gid_t)-1 && (group = fgetgrent(file)) != NULL) {
		if (strcmp(group->gr_name, "pptpeer") == 0)
			found = group->gr_gid;
	}
	fclose(file);
	return found;
}

bool
rundir_open(struct rundir *rundir, const struct config *config, struct reason *reason)
{
	rundir->dir_fd = rundir->lock_fd = rundir->socket_fd = -1;
	rundir->readers = readers();
	snprintf(rundir->path, sizeof(rundir->path), "%s/%s", config->run_dir, config->name);
	if (make_dir(config->run_dir) < 0) {
		reason_set(reason, 107, "%s cannot be made: %s.", config->run_dir, strerror(errno));
		return false;
	}
	if (!lock_dir(rundir)) {
		if (errno == EWOULDBLOCK)
			reason_set(reason, 111, "A tunnel named %s runs already.", config->name);
		else
			reason_set(
			    reason, 107, "%s cannot be had: %s.", rundir->path, strerror(errno));
		return false;
	}
	rundir->socket_fd = listen_socket(rundir);
	if (rundir->socket_fd < 0) {
		reason_set(reason, 107, "The control socket in %s cannot be made: %s.",
		    rundir->path, strerror(errno));
		rundir_close(rundir);
		return false;
	}
	return true;
}

void
rundir_close(struct rundir *rundir)
{
	const char *slash = strrchr(rundir->path, '/');
	int parent;

	if (rundir->dir_fd < 0)
		return;
	/* Not by its path, which may have been relative to a folder that we have left. */
	parent = openat(rundir->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unlinkat(rundir->dir_fd, SOCKET_NAME, 0);
	unlinkat(rundir->dir_fd, LOCK_NAME, 0);
	if (parent >= 0 && slash != NULL)
		unlinkat(parent, slash + 1, AT_REMOVEDIR); /* stays if something else is in it */
	close_fd(&parent);
	close_fd(&rundir->socket_fd);
	close_fd(&rundir->dir_fd);
	close_fd(&rundir->lock_fd);
}
