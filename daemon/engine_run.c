/* engine_run.c: the engine as a process of its own, with a control socket; see engine.h. */
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include "channel.h"
#include "control.h"
#include "engine.h"
#include "listener.h"

#define OWN_PAGES (64 << 10) /* octets; malloc()'s own is 128 KiB, until one is freed */

static const struct engine_watch watch = {control_record, control_record_ppp, control_reloaded};
static const struct engine_paths paths = {channel_tap_new, channel_kernel_new};
static const struct engine_many many = {
    listener_new, listener_free, listener_hear, listener_orphaned, listener_is_idle, listener_pump};

/* Takes over the socket.  False: out of memory. */
static bool
serve(struct engine *engine, int control_fd)
{
	if (engine->base == NULL) {
		close(control_fd);
		return false;
	}
	engine->control = control_new(engine, control_fd);
	engine->watch = engine->control != NULL ? &watch : NULL;
	return engine->watch != NULL;
}

int
engine_run(
    const struct config *config, const struct history *history, int keeper_fd, int control_fd)
{
	/* The keeper decides; a Ctrl-C in the terminal reaches the whole group. */
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	struct engine engine;
	bool good;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
#ifdef M_MMAP_THRESHOLD
	/*
	 * Where packets wait for earlier ones is large, and on most lines nothing ever does: in pages
	 * of its own it costs nothing until then, and goes back at the end of its call.  Without
	 * a word of ours all but the first would be in the heap: cleared, so all of it touched, and kept.
	 * So would be the record of what passes (control.c), most of which stays empty.
	 */
	mallopt(M_MMAP_THRESHOLD, OWN_PAGES);
#endif
	good = engine_init(&engine, config, keeper_fd, &many);
	good = serve(&engine, control_fd) && good;
	engine.paths = &paths;
	engine.history = *history;
	if (good)
		event_base_dispatch(engine.base);
	control_free(engine.control);
	engine_fini(&engine);
	return good ? 0 : 1;
}
