/* eddy: asyncio for C. One header for all of libeddy; the adapters (eddy/http.h) have their own. */
#ifndef EDDY_H
#define EDDY_H

#include <eddy/address.h>
#include <eddy/base.h>
#include <eddy/compose.h>
#include <eddy/context.h>
#include <eddy/datagram.h>
#include <eddy/datagram_transport.h>
#include <eddy/debug.h>
#include <eddy/directory.h>
#include <eddy/error.h>
#include <eddy/file.h>
#include <eddy/filter.h>
#include <eddy/future.h>
#include <eddy/generator.h>
#include <eddy/group.h>
#include <eddy/loop.h>
#include <eddy/operation.h>
#include <eddy/path.h>
#include <eddy/process.h>
#include <eddy/queue.h>
#include <eddy/resolve.h>
#include <eddy/run.h>
#include <eddy/select.h>
#include <eddy/server.h>
#include <eddy/signal.h>
#include <eddy/socket.h>
#include <eddy/stream.h>
#include <eddy/subprocess_transport.h>
#include <eddy/sync.h>
#include <eddy/task.h>
#include <eddy/thread.h>
#include <eddy/time.h>
#include <eddy/timeout.h>
#include <eddy/tls.h>
#include <eddy/transport.h>
#include <eddy/unix.h>
#include <eddy/watch.h>

#endif
