/*
 * cpus.h: the engine and the kernel's half of a TAP, each on a CPU of its own.
 *
 * What the engine writes to a TAP the kernel takes within that very call: MPPE, TCP, and what TCP sends next.
 * Packet steering (RPS, Documentation/networking/scaling.rst) hands it to another CPU, so that the engine reads the
 * next packets meanwhile.  To one CPU only: frames keep their order, without which MPPE and header compression die.
 * The keeper picks and steers, the engine avoids.
 */
#ifndef CPUS_H
#define CPUS_H

#include <linux/if_ether.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#define CPUS_NONE (-1)
/* Octets of what cpus_mask() writes: a hexadecimal digit for four CPUs, a comma between eight and eight, a NUL. */
#define CPUS_MASK_SIZE (CPU_SETSIZE / 4 + CPU_SETSIZE / 32)

/*
 * Which of the `allowed` ones is the TAP's that has this number: one of the later half, so that the other half
 * is left to the engine.  CPUS_NONE where there is only one.
 */
int cpus_pick(const cpu_set_t *allowed, unsigned number);

/* As the kernel reads it in rps_cpus: this CPU alone. */
void cpus_mask(int cpu, char text[CPUS_MASK_SIZE]);

/*
 * What comes from the interface of this name and Ethernet address is that CPU's from now on.  Only sysfs takes it,
 * which may be read-only, as in many containers, or tell of another network namespace, which may have an interface
 * of that name: false, and all is done where the engine is.
 */
bool cpus_steer(const char *interface, const uint8_t address[ETH_ALEN], int cpu);

/* What this process may use; false: that cannot be told (more than CPU_SETSIZE of them). */
bool cpus_allowed(cpu_set_t *allowed);

/* This process keeps off it, if it has another one; it may not be allowed to say so, and then does not. */
void cpus_avoid(int cpu);

#endif
