/* A load of requests over raw sockets, and what it costs the server. load.py runs it.
 *
 * It writes frames that were made once and of what it receives it reads the heads only, so that it needs
 * a fraction of any server's CPU; how much is printed beside the server's.
 *
 *   load PORT CONNECTIONS DEPTH WARM_UP SECONDS HANDSHAKE GREETING GREETED FRAME ANSWER PID...
 *
 * DEPTH requests are in flight on each connection. WARM_UP and SECONDS are milliseconds. HANDSHAKE,
 * GREETING and FRAME are sizes of what stands in the standard input, one behind the other: the opening
 * handshake, frames to be sent once behind it, and the request. GREETED is how many frames of the
 * server belong to the opening. Every answer has to be of ANSWER octets, unless that is 0. The CPU of
 * the processes PID is told for each of them.
 *
 * With 0 SECONDS each connection makes one request and is then idle until the standard input ends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    OPENING_AT_ONCE = 32, /* fewer than the shortest backlog of a server */
    PATIENCE = 20,        /* seconds without an event until the server counts as stuck */
    BUCKETS = 500000,     /* of latency */
    BUCKET = 100,         /* nanoseconds */
};

struct bytes {
    char *data;
    size_t size;
};

struct connection {
    int fd;
    bool answered, shaken, open; /* its handshake in part, whole, and all of its opening */
    int line_ends;          /* how much of the blank line behind the server's handshake was seen */
    int greeted;            /* frames of the opening that are still to come */
    unsigned char head[10]; /* of the frame that is being read */
    int head_size;
    uint64_t left;        /* octets of its payload that are still to come */
    uint64_t message;     /* octets of the message so far */
    bool compressed;      /* the message */
    unsigned char pong[131]; /* the answer to a ping; with a mask of nothing */
    int pong_size;
    size_t unsent; /* octets of requests that are due */
    size_t place;  /* of the next one of them in a frame */
    uint64_t sent_at;
};

struct usage {
    uint64_t answers, compressed;
    double time, server_waited, own, own_waited;
    double *server; /* of each process */
};

static int port, connections, depth, warm_up, milliseconds, greeted, answer_size, pids;
static pid_t *pid;
static struct bytes handshake, greeting, frame, frames;
static struct connection *all;
static int opening, opened;
static uint64_t answers, compressed_answers;
static uint32_t latencies[BUCKETS];
static bool timed;

static void fail(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Requests that are due, as far as the socket takes them; the rest when it is writable again. */
static void send_due(struct connection *connection)
{
    if (connection->pong_size && !connection->place) {
        /* So few octets are taken whole, or the socket is full of requests and the ping stale. */
        if (send(connection->fd, connection->pong, connection->pong_size, MSG_NOSIGNAL) > 0)
            connection->pong_size = 0;
    }
    while (connection->unsent) {
        size_t most = frames.size - connection->place;
        size_t size = connection->unsent < most ? connection->unsent : most;
        ssize_t sent = send(connection->fd, frames.data + connection->place, size, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN)
                return;
            fail("a request could not be sent: %s", strerror(errno));
        }
        connection->unsent -= sent;
        connection->place = (connection->place + sent) % frame.size;
    }
}

static void request(struct connection *connection, int count)
{
    connection->unsent += count * frame.size;
    if (timed)
        connection->sent_at = now();
    send_due(connection);
}

static void pong(struct connection *connection)
{
    connection->pong[0] = 0x8A;
    connection->pong[1] = 0x80 | (connection->head[1] & 0x7F);
    connection->pong_size = 6 + (connection->head[1] & 0x7F);
    send_due(connection);
}

/* A frame is read to its end. Returns whether it was an answer. */
static bool frame_ended(struct connection *connection)
{
    int opcode = connection->head[0] & 0x0F;
    if (opcode == 8)
        fail("the server closed a connection");
    if (opcode == 9)
        pong(connection);
    if (opcode >= 8 || !(connection->head[0] & 0x80))
        return false;
    uint64_t size = connection->message;
    connection->message = 0;
    if (connection->greeted) {
        connection->greeted--;
        return false;
    }
    if (answer_size && size != (uint64_t)answer_size)
        fail("an answer of %" PRIu64 " octets, not %d", size, answer_size);
    compressed_answers += connection->compressed;
    return true;
}

/* The head of a frame is whole once head_size reaches this. */
static int head_needs(const struct connection *connection)
{
    if (connection->head_size < 2)
        return 2;
    int size = connection->head[1] & 0x7F;
    return size == 127 ? 10 : size == 126 ? 4 : 2;
}

static void head_ended(struct connection *connection)
{
    uint64_t size = connection->head[1] & 0x7F;
    int more = head_needs(connection);
    if (more > 2) {
        size = 0;
        for (int place = 2; place < more; place++)
            size = size << 8 | connection->head[place];
    }
    connection->left = size;
    if (more > 2 && (connection->head[0] & 0x0F) >= 8)
        fail("a control frame of %" PRIu64 " octets", size);
    if ((connection->head[0] & 0x0F) < 8) {
        connection->message += size;
        if (connection->head[0] & 0x0F)
            connection->compressed = connection->head[0] & 0x40;
    }
}

/* What the server sent behind the handshake. Returns how many answers ended in it. */
static int read_frames(struct connection *connection, const char *data, size_t size)
{
    int ended = 0;
    while (size) {
        if (connection->left) {
            size_t part = size < connection->left ? size : connection->left;
            if ((connection->head[0] & 0x0F) == 9)
                memcpy(connection->pong + 6 + (connection->head[1] & 0x7F) - connection->left, data, part);
            connection->left -= part;
            data += part;
            size -= part;
        } else {
            connection->head[connection->head_size++] = *data++;
            size--;
            if (connection->head_size < head_needs(connection))
                continue;
            head_ended(connection);
        }
        if (!connection->left) {
            connection->head_size = 0;
            ended += frame_ended(connection);
        }
    }
    return ended;
}

/* Reads the server's handshake. Returns how many octets of it are in the data. */
static size_t read_handshake(struct connection *connection, const char *data, size_t size)
{
    if (!connection->answered && size > 12 && memcmp(data + 8, " 101", 4))
        fail("the handshake was answered with %.*s", (int)(size < 80 ? size : 80), data);
    connection->answered = true;
    for (size_t place = 0; place < size; place++) {
        bool continues = data[place] == "\r\n\r\n"[connection->line_ends];
        connection->line_ends = continues ? connection->line_ends + 1 : data[place] == '\r';
        if (connection->line_ends == 4) {
            connection->shaken = true;
            return place + 1;
        }
    }
    return size;
}

static void send_opening(struct connection *connection, struct bytes part)
{
    if (part.size && send(connection->fd, part.data, part.size, MSG_NOSIGNAL) != (ssize_t)part.size)
        fail("the opening could not be sent: %s", strerror(errno));
}

static void received(struct connection *connection, const char *data, size_t size)
{
    if (!connection->shaken) {
        size_t used = read_handshake(connection, data, size);
        data += used;
        size -= used;
        if (connection->shaken)
            send_opening(connection, greeting);
    }
    int count = read_frames(connection, data, size);
    if (!connection->open && connection->shaken && !connection->greeted) {
        connection->open = true;
        opening--;
        opened++;
        if (!milliseconds)
            request(connection, 1);
    }
    if (!count)
        return;
    answers += count;
    if (!milliseconds)
        return;
    if (timed) {
        uint64_t bucket = (now() - connection->sent_at) / BUCKET;
        latencies[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    }
    request(connection, count);
}

static void open_connection(struct connection *connection, int queue)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    connection->greeted = greeted;
    if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof address))
        fail("no connection: %s", strerror(errno));
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
    epoll_ctl(queue, EPOLL_CTL_ADD, connection->fd, &event);
    send_opening(connection, handshake);
    opening++;
}

/* Reads until the socket is empty, as edge-triggered events ask for; a short read says that it is. */
static void read_all(struct connection *connection)
{
    static char buffer[1 << 18];
    for (;;) {
        ssize_t size = recv(connection->fd, buffer, sizeof buffer, 0);
        if (size < 0 && errno == EAGAIN)
            return;
        if (size <= 0)
            fail("the server dropped a connection");
        received(connection, buffer, size);
        if (size < (ssize_t)sizeof buffer)
            return;
    }
}

static void one_round(int queue, int timeout)
{
    static struct epoll_event events[1024];
    int count = epoll_wait(queue, events, 1024, timeout);
    for (int place = 0; place < count; place++) {
        struct connection *connection = events[place].data.ptr;
        if (connection->unsent || connection->pong_size)
            send_due(connection);
        if (events[place].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            read_all(connection);
    }
    if (!count && timeout == PATIENCE * 1000)
        fail("the server was silent for %d seconds", PATIENCE);
}

static void open_all(int queue)
{
    uint64_t wanted = milliseconds ? 0 : connections;
    for (int next = 0; opened < connections || answers < wanted;) {
        while (next < connections && opening < OPENING_AT_ONCE)
            open_connection(&all[next++], queue);
        one_round(queue, PATIENCE * 1000);
    }
}

static double seconds_of(struct timeval time)
{
    return time.tv_sec + time.tv_usec / 1e6;
}

/* Seconds that a process was ready to run while its core was another's; 0 where that is not told. */
static double waited(pid_t process)
{
    char path[64];
    uint64_t nanoseconds = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", process);
    FILE *file = fopen(path, "r");
    if (file) {
        if (fscanf(file, "%*u %" SCNu64, &nanoseconds) != 1)
            nanoseconds = 0;
        fclose(file);
    }
    return nanoseconds / 1e9;
}

static struct usage usage(void)
{
    struct usage usage = {.answers = answers, .compressed = compressed_answers, .time = now() / 1e9};
    usage.server = calloc(pids + 1, sizeof *usage.server);
    for (int place = 0; place < pids; place++) {
        clockid_t clock;
        struct timespec time;
        if (clock_getcpuclockid(pid[place], &clock) || clock_gettime(clock, &time))
            fail("the server's process %d is gone", pid[place]);
        usage.server[place] = time.tv_sec + time.tv_nsec / 1e9;
    }
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    usage.own = seconds_of(own.ru_utime) + seconds_of(own.ru_stime);
    usage.own_waited = waited(getpid());
    usage.server_waited = pids ? waited(pid[0]) : 0;
    return usage;
}

static void run_for(int queue, int duration)
{
    uint64_t end = now() + duration * 1000000ULL;
    for (uint64_t time; (time = now()) < end;)
        one_round(queue, (end - time) / 1000000 + 1);
}

static double percentile(double share)
{
    uint64_t total = 0, before = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++)
        total += latencies[bucket];
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        before += latencies[bucket];
        if (total && before >= total * share)
            return (bucket + 0.5) * BUCKET / 1e3;
    }
    return 0;
}

static void run(int queue)
{
    for (int place = 0; place < connections; place++)
        request(&all[place], depth);
    run_for(queue, warm_up);
    memset(latencies, 0, sizeof latencies);
    struct usage before = usage();
    run_for(queue, milliseconds);
    struct usage after = usage();
    double time = after.time - before.time;
    uint64_t answered = after.answers - before.answers;
    if (!answered)
        fail("no request was answered");
    printf("{\"requests\":%" PRIu64 ",\"compressed\":%" PRIu64 ",\"seconds\":%.6f,"
           "\"server_waited\":%.6f,\"load_cpu\":%.6f,\"load_waited\":%.6f,"
           "\"p50\":%.2f,\"p99\":%.2f,\"server_cpus\":[",
           answered, after.compressed - before.compressed, time,
           after.server_waited - before.server_waited, after.own - before.own,
           after.own_waited - before.own_waited, percentile(0.5), percentile(0.99));
    for (int place = 0; place < pids; place++)
        printf("%s%.6f", place ? "," : "", after.server[place] - before.server[place]);
    puts("]}");
}

static void idle(int queue)
{
    puts("{\"idle\":true}");
    fflush(stdout);
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!poll(&input, 1, 0))
        one_round(queue, 50);
}

static struct bytes take(int size)
{
    struct bytes part = {malloc(size + 1), size};
    if (fread(part.data, 1, size, stdin) != part.size)
        fail("the standard input is short");
    return part;
}

int main(int count, char **words)
{
    int *numbers[] = {&port, &connections, &depth, &warm_up, &milliseconds, NULL, NULL, &greeted, NULL,
                      &answer_size};
    struct bytes *parts[] = {[5] = &handshake, [6] = &greeting, [8] = &frame};
    if (count < 11)
        fail("too few arguments");
    for (int place = 0; place < 10; place++) {
        int number = atoi(words[place + 1]);
        if (numbers[place])
            *numbers[place] = number;
        else
            *parts[place] = take(number);
    }
    pids = count - 11;
    pid = calloc(pids + 1, sizeof *pid);
    for (int place = 0; place < pids; place++)
        pid[place] = atoi(words[place + 11]);

    frames = (struct bytes){malloc(frame.size * depth), frame.size * depth};
    for (int place = 0; place < depth; place++)
        memcpy(frames.data + place * frame.size, frame.data, frame.size);
    all = calloc(connections, sizeof *all);
    timed = milliseconds && connections * depth == 1;

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int queue = epoll_create1(0);
    open_all(queue);
    if (milliseconds)
        run(queue);
    else
        idle(queue);
    return 0;
}
