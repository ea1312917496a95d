/*
 * A viewer without a window, on libvncclient: decodes until the server hangs up, then writes what
 * it sees as a PPM file.
 */
#include <rfb/rfbclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000 /* in microseconds */

static int save(const rfbClient *client, const char *path)
{
	FILE *file = fopen(path, "wb");
	int pixel, pixels = client->width * client->height;

	if (!file)
		return 0;
	fprintf(file, "P6\n%d %d\n255\n", client->width, client->height);
	/* Red, green, blue, and one byte that means nothing. */
	for (pixel = 0; pixel < pixels; pixel++)
		fwrite(client->frameBuffer + 4 * pixel, 3, 1, file);
	return fclose(file) == 0;
}

int main(int argc, char **argv)
{
	rfbClient *client = rfbGetClient(8, 3, 4);
	int ready;

	if (argc != 4 || !client) {
		fprintf(stderr, "usage: %s PORT ENCODINGS FILE\n", argv[0]);
		return 2;
	}
	client->serverHost = strdup("127.0.0.1");
	client->serverPort = atoi(argv[1]);
	client->appData.encodingsString = argv[2];
	if (!rfbInitClient(client, NULL, NULL))
		return 1;
	do
		ready = WaitForMessage(client, SECOND);
	while (ready == 0 || (ready > 0 && HandleRFBServerMessage(client)));
	return save(client, argv[3]) ? 0 : 1;
}
