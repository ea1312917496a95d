/*
 * A viewer without a window, on libvncclient. It is told what to do in lines: see
 * tests/e2e/foreign/script.rs.
 */
#include <poll.h>
#include <rfb/rfbclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The last text that came, in UTF-8, and the last cursor, in the client's pixel format. */
static char *text;
static uint8_t *cursor;
static int cursor_width, cursor_height;

/* Writes pixels of red, green, blue, and one byte that means nothing. */
static int save(const uint8_t *pixels, int width, int height, const char *path)
{
	FILE *file = fopen(path, "wb");
	int pixel;

	if (!file)
		return 0;
	fprintf(file, "P6\n%d %d\n255\n", width, height);
	for (pixel = 0; pixel < width * height; pixel++)
		fwrite(pixels + 4 * pixel, 3, 1, file);
	return fclose(file) == 0;
}

/* RFB's texts are Latin-1: each of its characters is one or two bytes in UTF-8. */
static void got_text(rfbClient *client, const char *latin1, int length)
{
	char *end;
	int at;

	(void)client;
	free(text);
	text = end = malloc(2 * length + 1);
	for (at = 0; at < length; at++) {
		unsigned char byte = latin1[at];

		if (byte < 0x80) {
			*end++ = byte;
		} else {
			*end++ = 0xc0 | byte >> 6;
			*end++ = 0x80 | (byte & 0x3f);
		}
	}
	*end = 0;
}

/* Sends a text given in UTF-8, which it overwrites. */
static void send_text(rfbClient *client, char *utf8)
{
	unsigned char *from = (unsigned char *)utf8, *to = from;

	while (*from) {
		unsigned char first = *from++;

		if (first == 0xc2 || first == 0xc3)
			first = first << 6 | (*from & 0x3f);
		else if (first >= 0x80)
			first = '?';
		while ((*from & 0xc0) == 0x80)
			from++;
		*to++ = first;
	}
	SendClientCutText(client, utf8, (char *)to - utf8);
}

static void got_cursor(rfbClient *client, int x, int y, int width, int height, int size)
{
	(void)x;
	(void)y;
	cursor = realloc(cursor, width * height * size);
	memcpy(cursor, client->rcSource, width * height * size);
	cursor_width = width;
	cursor_height = height;
}

static char *password(rfbClient *client)
{
	const char *known = getenv("PASSWORD");

	(void)client;
	return strdup(known ? known : "");
}

static const char *obey(rfbClient *client, char *line)
{
	char *word = strtok(line, " "), *rest = strtok(NULL, "");
	int x, y, buttons;

	if (!word)
		return "no";
	if (!strcmp(word, "text"))
		return text ? text : "";
	if (!rest)
		return "no";
	if (!strcmp(word, "save"))
		return save(client->frameBuffer, client->width, client->height, rest) ? "ok" : "no";
	if (!strcmp(word, "cursor"))
		return cursor && save(cursor, cursor_width, cursor_height, rest) ? "ok" : "no";
	if (!strcmp(word, "key")) {
		SendKeyEvent(client, atoi(rest), TRUE);
		SendKeyEvent(client, atoi(rest), FALSE);
	} else if (!strcmp(word, "copy")) {
		send_text(client, rest);
	} else if (!strcmp(word, "resize") && sscanf(rest, "%d %d", &x, &y) == 2) {
		SendExtDesktopSize(client, x, y);
	} else if (!strcmp(word, "pointer") && sscanf(rest, "%d %d %d", &x, &y, &buttons) == 3) {
		SendPointerEvent(client, x, y, buttons);
	} else {
		return "no";
	}
	return "ok";
}

int main(int argc, char **argv)
{
	rfbClient *client = rfbGetClient(8, 3, 4);
	char line[4096];

	if (argc != 3 || !client) {
		fprintf(stderr, "usage: %s ENCODINGS PORT\n", argv[0]);
		return 2;
	}
	client->serverHost = strdup("127.0.0.1");
	client->serverPort = atoi(argv[2]);
	client->appData.encodingsString = argv[1];
	client->appData.useRemoteCursor = TRUE;
	client->GetPassword = password;
	client->GotXCutText = got_text;
	client->GotCursorShape = got_cursor;
	if (!rfbInitClient(client, NULL, NULL))
		return 1;
	for (;;) {
		struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {client->sock, POLLIN, 0}};

		/* What was read already is not in the socket any more. */
		if (!client->buffered && poll(fds, 2, -1) < 0)
			return 1;
		if ((client->buffered || fds[1].revents) && !HandleRFBServerMessage(client))
			return 1;
		if (fds[0].revents) {
			if (!fgets(line, sizeof line, stdin))
				return 0;
			line[strcspn(line, "\n")] = 0;
			puts(obey(client, line));
			fflush(stdout);
		}
	}
}
