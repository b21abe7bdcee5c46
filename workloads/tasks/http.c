/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/http.c - downloads from a server on loopback: work that waits.
 *
 * The server lives in the dispatcher's process, with a thread a connection, and
 * answers after the service time. A download is one request on a connection that
 * is kept open; its body, made from the path, is the result.
 */
#include "workloads/tasks/task.h"

/* The header's check of types is a macro around a call by name; here a table's member is called. */
#define CURL_DISABLE_TYPECHECK
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "results/library.h"
#include "workloads/payload.h"

#define BODY_BYTES 4096u
#define URL_BYTES 64u
/* A request that takes longer than its service time and this is lost. */
#define ANSWER_LIMIT_MS 3000L

#define CURL_FUNCTIONS(X)                                                                          \
	X(curl_easy_cleanup)                                                                       \
	X(curl_easy_init)                                                                          \
	X(curl_easy_perform)                                                                       \
	X(curl_easy_setopt)                                                                        \
	X(curl_easy_strerror)                                                                      \
	X(curl_global_cleanup)                                                                     \
	X(curl_global_init)
#define MHD_FUNCTIONS(X)                                                                           \
	X(MHD_create_response_from_buffer)                                                         \
	X(MHD_destroy_response)                                                                    \
	X(MHD_get_daemon_info)                                                                     \
	X(MHD_queue_response)                                                                      \
	X(MHD_start_daemon)                                                                        \
	X(MHD_stop_daemon)

static struct {
	CURL_FUNCTIONS(LIBRARY_POINTER)
} curl;
static const char *const curl_names[] = {CURL_FUNCTIONS(LIBRARY_NAME)};
static struct library libcurl = {
	.file = LIBCURL_SONAME,
	.names = curl_names,
	.names_count = sizeof(curl_names) / sizeof(curl_names[0]),
	.table = &curl,
};

static struct {
	MHD_FUNCTIONS(LIBRARY_POINTER)
} mhd;
static const char *const mhd_names[] = {MHD_FUNCTIONS(LIBRARY_NAME)};
static struct library libmicrohttpd = {
	.file = LIBMICROHTTPD_SONAME,
	.names = mhd_names,
	.names_count = sizeof(mhd_names) / sizeof(mhd_names[0]),
	.table = &mhd,
};

struct server {
	struct MHD_Daemon *daemon;
	uint64_t service_ns;
};

struct client {
	CURL *curl;
	unsigned char *body;
	size_t body_bytes;
};

static void body_of(uint32_t index, unsigned char *out)
{
	for (uint32_t i = 0; i < BODY_BYTES / sizeof(uint64_t); i++) {
		uint64_t word = payload_mix(index, 0, i);

		memcpy(out + i * sizeof(word), &word, sizeof(word));
	}
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **request)
{
	const struct server *server = context;
	uint64_t start_ns = clock_now_ns();
	unsigned char body[BODY_BYTES];
	struct MHD_Response *response;
	enum MHD_Result done;

	(void)method;
	(void)version;
	(void)upload;
	(void)upload_bytes;
	(void)request;
	clock_sleep_until(start_ns + server->service_ns);
	body_of((uint32_t)strtoul(url + 1, NULL, 10), body);
	response = mhd.MHD_create_response_from_buffer(sizeof(body), body, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	done = mhd.MHD_queue_response(connection, MHD_HTTP_OK, response);
	mhd.MHD_destroy_response(response);
	return done;
}

/* Loads a library where a peer first needs it. Returns 0, or the error that was said. */
static int load(struct task_peer *self, struct library *library)
{
	char why[256];
	int ret = library_load(library, why, sizeof(why));

	return ret < 0 ? task_fail(self, ret, "%s", why) : 0;
}

static int http_start(struct task_peer *self)
{
	struct server *server;
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const union MHD_DaemonInfo *info;
	int ret = load(self, &libmicrohttpd);

	if (ret < 0)
		return ret;
	server = malloc(sizeof(*server));
	if (!server)
		return task_fail(self, -ENOMEM, "no memory for a server");
	server->service_ns = self->amount * NS_PER_MS;
	server->daemon = mhd.MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
		answer, server, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
	if (!server->daemon) {
		free(server);
		return task_fail(self, -EIO, "no server could be started on 127.0.0.1");
	}
	info = mhd.MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
	self->shared->number = info ? info->port : 0;
	self->served = server;
	return 0;
}

static void http_stop(struct task_peer *self)
{
	struct server *server = self->served;

	mhd.MHD_stop_daemon(server->daemon);
	free(server);
}

static size_t take_body(char *data, size_t one, size_t bytes, void *context)
{
	struct client *client = context;

	if (bytes * one > BODY_BYTES - client->body_bytes)
		return 0;
	memcpy(client->body + client->body_bytes, data, bytes * one);
	client->body_bytes += bytes * one;
	return bytes * one;
}

static int http_open(struct task_peer *self)
{
	struct client *client;
	int ret = load(self, &libcurl);

	if (ret < 0)
		return ret;
	client = calloc(1, sizeof(*client));
	if (!client)
		return task_fail(self, -ENOMEM, "no memory for a client");
	curl.curl_global_init(CURL_GLOBAL_NOTHING); /* counted; threads may call it at once */
	client->curl = curl.curl_easy_init();
	if (!client->curl) {
		curl.curl_global_cleanup();
		free(client);
		return task_fail(self, -ENOMEM, "libcurl gives no handle");
	}
	curl.curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take_body);
	curl.curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
	curl.curl_easy_setopt(client->curl, CURLOPT_PROXY, ""); /* whatever the environment says */
	curl.curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
	curl.curl_easy_setopt(client->curl, CURLOPT_FAILONERROR, 1L);
	curl.curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS,
	                      (long)self->amount + ANSWER_LIMIT_MS);
	self->own = client;
	return 0;
}

static void http_close(struct task_peer *self)
{
	struct client *client = self->own;

	curl.curl_easy_cleanup(client->curl);
	curl.curl_global_cleanup();
	free(client);
}

static size_t http_bytes_max(uint32_t amount)
{
	(void)amount;
	return BODY_BYTES;
}

static ssize_t http_make(struct task_peer *self, uint32_t index, void *input)
{
	(void)self;
	memcpy(input, &index, sizeof(index));
	return sizeof(index);
}

static ssize_t http_compute(struct task_peer *self, const void *input, size_t input_bytes,
                            void *result)
{
	struct client *client = self->own;
	char url[URL_BYTES];
	uint32_t index;
	CURLcode code;

	if (input_bytes != sizeof(index))
		return task_fail(self, -EBADMSG, "%zu bytes name no document", input_bytes);
	memcpy(&index, input, sizeof(index));
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/%u", (unsigned)self->shared->number, index);
	client->body = result;
	client->body_bytes = 0;
	curl.curl_easy_setopt(client->curl, CURLOPT_URL, url);
	task_wait_begin(self);
	code = curl.curl_easy_perform(client->curl);
	task_wait_end(self);
	if (code != CURLE_OK)
		return task_fail(self, -EIO, "%s: %s", url, curl.curl_easy_strerror(code));
	return (ssize_t)client->body_bytes;
}

const struct task task_http = {
	.name = "http",
	.summary = "downloads from a server on loopback with a set service time: waiting",
	.amount_unit = "milliseconds of service time",
	.amount_default = 20,
	.amount_max = 1000,
	.amount_light = 0,
	.input_count = 2,
	.explanation = "A task is the number of a document; its result is the document, downloaded "
		       "by libcurl from a server on 127.0.0.1 that answers after the service time. "
		       "Nearly all of it is waiting.",
	.bytes_max = http_bytes_max,
	.start = http_start,
	.stop = http_stop,
	.open = http_open,
	.close = http_close,
	.make = http_make,
	.compute = http_compute,
};
