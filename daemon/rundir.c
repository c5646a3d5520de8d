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

static int
make_dir(const char *path)
{
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -1 : 0;
}

/*
 * Opens and locks the folder.  One that is being removed by its last owner can be locked and
 * yet be gone: then it is made anew.  The lock lives as long as any process of the tunnel.
 */
static int
lock_dir(const char *path)
{
	for (int try = 0; try < 100; try++) {
		struct stat held, named;

		if (make_dir(path) < 0)
			return -1;
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &held) < 0) {
			int saved = errno;
			close(fd);
			errno = saved;
			return -1;
		}
		if (held.st_uid != geteuid()) { /* somebody else's: what is in it is not ours */
			close(fd);
			errno = EACCES;
			return -1;
		}
		if (lstat(path, &named) == 0 && named.st_ino == held.st_ino)
			return fd;
		close(fd);
	}
	errno = EAGAIN;
	return -1;
}

static int
listen_socket(const char *dir)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const struct group *group = getgrnam("pptpeer"); /* readers, if there is such a group */

	if ((size_t)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" SOCKET_NAME, dir) >=
	    sizeof(addr.sun_path)) {
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
	if (rc == 0 && group != NULL)
		rc = lchown(addr.sun_path, (uid_t)-1, group->gr_gid);
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

bool
rundir_open(struct rundir *rundir, const struct config *config, struct reason *reason)
{
	rundir->dir_fd = rundir->socket_fd = -1;
	snprintf(rundir->path, sizeof(rundir->path), "%s/%s", config->run_dir, config->name);
	if (make_dir(config->run_dir) < 0) {
		reason_set(reason, 107, "%s cannot be made: %s.", config->run_dir, strerror(errno));
		return false;
	}
	rundir->dir_fd = lock_dir(rundir->path);
	if (rundir->dir_fd < 0 && errno == EWOULDBLOCK) {
		reason_set(reason, 111, "A tunnel named %s runs already.", config->name);
		return false;
	}
	if (rundir->dir_fd < 0) {
		reason_set(reason, 107, "%s cannot be had: %s.", rundir->path, strerror(errno));
		return false;
	}
	rundir->socket_fd = listen_socket(rundir->path);
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
	char path[sizeof(rundir->path) + sizeof(SOCKET_NAME) + 1];

	if (rundir->dir_fd < 0)
		return;
	snprintf(path, sizeof(path), "%s/" SOCKET_NAME, rundir->path);
	unlink(path);
	rmdir(rundir->path); /* stays if somebody put something there */
	if (rundir->socket_fd >= 0)
		close(rundir->socket_fd);
	close(rundir->dir_fd);
	rundir->dir_fd = rundir->socket_fd = -1;
}
