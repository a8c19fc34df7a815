/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of a script by small numbers, and addresses as text. */
#ifndef CTESTACTIVITY_SOCKETS_H
#define CTESTACTIVITY_SOCKETS_H

#include "internal.h"

#include <sys/socket.h>

#define SOCKET_SLOTS 64
/* How long a step waits for something that must come. */
#define SOCKET_PATIENCE_MS 20000

/* Descriptors by number of the script. */
extern int socket_slots[SOCKET_SLOTS];

long socket_number(const struct step *step, int index);
const char *socket_word(const struct step *step, int index);
int *socket_slot(const struct step *step, int index);
void socket_report(const struct activity *activity, int64_t value);

/*
 * `4,ADDRESS,PORT`, `6,ADDRESS,PORT`, `u,PATH` or `a,ABSTRACT`. A port of `@N` is the local port of
 * socket N. Returns the length, or 0 for anything else.
 */
socklen_t socket_address(const char *text, struct sockaddr_storage *address);

/* Steps of names.c. */
int names_do(const struct step *step, int *result);

#endif
