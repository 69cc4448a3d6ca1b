// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.posix.Errno;

/** Counts packets that could not be sent, and tells of them. */
final class SendErrors {
  private final EnumCounters<IoCounter> counters;
  private final SendErrorListener listener;

  SendErrors(EnumCounters<IoCounter> counters, SendErrorListener listener) {
    this.counters = counters;
    this.listener = listener;
  }

  static IoCounter causeOf(int errno) {
    return switch (errno) {
      case Errno.EMSGSIZE -> IoCounter.TX_TOO_LONG;
      case Errno.ECONNREFUSED -> IoCounter.TX_REFUSED;
      case Errno.EHOSTUNREACH, Errno.ENETUNREACH, Errno.ENETDOWN -> IoCounter.TX_UNREACHABLE;
      case Errno.EPERM, Errno.EACCES -> IoCounter.TX_NOT_PERMITTED;
      case Errno.ENOBUFS, Errno.ENOMEM -> IoCounter.TX_NO_BUFFERS;
      default -> IoCounter.TX_OTHER_ERRORS;
    };
  }

  void dropped(IoCounter cause, SendBatch batch, int packet) {
    counters.add(cause, 1);
    listener.onSendError(cause, batch.destination(packet), batch.length(packet));
  }
}
