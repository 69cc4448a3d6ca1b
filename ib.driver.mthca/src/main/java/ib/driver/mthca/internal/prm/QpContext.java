// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

import ib.transport.wire.Gids;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/** Context of a queue pair, and its attributes (fields of the chip's context, layout our own). */
public final class QpContext {
  /** Which attributes are set: bits of {@link QpAttributes}. */
  public static final int OPT_PARAM_MASK = 0;

  /** State and service type. */
  public static final int FLAGS = 4;

  /** Protection domain. */
  public static final int PD = 8;

  /** Completion queue of sends. */
  public static final int CQN_SEND = 12;

  /** Completion queue of receives. */
  public static final int CQN_RECEIVE = 16;

  /** Life since the last RESET, comes back in completions. */
  public static final int LIFE = 20;

  /** Send queue: logarithm of entries, then of the stride, in a byte each. */
  public static final int SQ_SHAPE = 24;

  /** Receive queue, as the send queue. */
  public static final int RQ_SHAPE = 28;

  /** Send queue: index of its first translation. */
  public static final int SQ_MTT = 32;

  /** Receive queue: index of its first translation. */
  public static final int RQ_MTT = 36;

  /** Send queue: doorbell record. */
  public static final int SQ_RECORD = 40;

  /** Send queue: record of entries done without completion. */
  public static final int SQ_DONE_RECORD = 44;

  /** Receive queue: doorbell record. */
  public static final int RQ_RECORD = 48;

  /** Number of the shared receive queue, and 1; 0 for none. */
  public static final int SRQN = 52;

  /** Service type of FLAGS: unreliable connection. */
  public static final int ST_UC = 1;

  /** Service type of FLAGS: reliable connection. */
  public static final int ST_RC = 0;

  /** Service type of FLAGS: unreliable datagram. */
  public static final int ST_UD = 3;

  /** Bytes. */
  public static final int BYTES = 192;

  private static final int ACCESS = 64;
  private static final int QKEY = 68;
  private static final int PATH_MTU = 72;
  private static final int DEST_QPN = 76;
  private static final int RQ_PSN = 80;
  private static final int SQ_PSN = 84;
  private static final int GID = 88;
  private static final int DEST_RD_ATOMIC = 104;
  private static final int RD_ATOMIC = 108;
  private static final int RNR_TIMER = 112;
  private static final int TIMEOUT = 116;
  private static final int RETRY = 120;
  private static final int RNR_RETRY = 124;
  private static final int PKEY_INDEX = 128;
  private static final int SQD_NOTIFY = 132;
  private static final int STATE_SHIFT = 28;
  private static final int SERVICE_SHIFT = 16;
  private static final QpState[] STATES = {
    QpState.RESET, QpState.INIT, QpState.RTR, QpState.RTS, QpState.SQE, QpState.SQD, QpState.ERR
  };

  private QpContext() {}

  /** The word FLAGS. */
  public static int flags(QpState state, int service) {
    int code = 0;
    while (STATES[code] != state) {
      code++;
    }
    return (code << STATE_SHIFT) | (service << SERVICE_SHIFT);
  }

  /** State of FLAGS; RESET for a code that is none. */
  public static QpState state(int flags) {
    int code = flags >>> STATE_SHIFT;
    return code < STATES.length ? STATES[code] : QpState.RESET;
  }

  /** Service type of FLAGS. */
  public static int service(int flags) {
    return flags >>> SERVICE_SHIFT & 7;
  }

  /** The word of a queue's shape. */
  public static int shape(int logEntries, int logStride) {
    return (logEntries << 8) | logStride;
  }

  /** Writes attributes with their mask. */
  public static void putAttributes(MemorySegment box, QpAttributes from) {
    Be.put32(box, OPT_PARAM_MASK, from.mask());
    Be.put32(box, ACCESS, from.accessFlags());
    Be.put32(box, QKEY, from.qkey());
    Be.put32(box, PATH_MTU, from.pathMtuBytes());
    Be.put32(box, DEST_QPN, from.destQpn());
    Be.put32(box, RQ_PSN, from.rqPsn());
    Be.put32(box, SQ_PSN, from.sqPsn());
    InetAddress peer = from.remoteAddress();
    if (peer != null) {
      Be.put64(box, GID, Gids.high(peer));
      Be.put64(box, GID + 8, Gids.low(peer));
    }
    Be.put32(box, DEST_RD_ATOMIC, from.maxDestRdAtomic());
    Be.put32(box, RD_ATOMIC, from.maxRdAtomic());
    Be.put32(box, RNR_TIMER, from.minRnrTimer());
    Be.put32(box, TIMEOUT, from.timeoutCode());
    Be.put32(box, RETRY, from.retryCount());
    Be.put32(box, RNR_RETRY, from.rnrRetry());
    Be.put32(box, PKEY_INDEX, from.pkeyIndex());
    Be.put32(box, SQD_NOTIFY, from.sqdAsyncNotify() ? 1 : 0);
  }

  /** Reads the attributes whose bits are set, and the state. */
  public static QpAttributes attributes(MemorySegment box) {
    QpAttributes to = new QpAttributes();
    int mask = Be.get32(box, OPT_PARAM_MASK);
    if ((mask & QpAttributes.STATE) != 0) {
      to.state(state(Be.get32(box, FLAGS)));
    }
    if ((mask & QpAttributes.ACCESS_FLAGS) != 0) {
      to.accessFlags(Be.get32(box, ACCESS));
    }
    if ((mask & QpAttributes.QKEY) != 0) {
      to.qkey(Be.get32(box, QKEY));
    }
    if ((mask & QpAttributes.MIN_RNR_TIMER) != 0) {
      to.minRnrTimer(Be.get32(box, RNR_TIMER));
    }
    path(box, mask, to);
    requester(box, mask, to);
    return to;
  }

  private static void path(MemorySegment box, int mask, QpAttributes to) {
    if ((mask & QpAttributes.PATH_MTU) != 0) {
      to.pathMtuBytes(Be.get32(box, PATH_MTU));
    }
    if ((mask & QpAttributes.DEST_QPN) != 0) {
      to.destQpn(Be.get32(box, DEST_QPN));
    }
    if ((mask & QpAttributes.RQ_PSN) != 0) {
      to.rqPsn(Be.get32(box, RQ_PSN));
    }
    if ((mask & QpAttributes.AV) != 0) {
      to.remoteAddress(Gids.address(Be.get64(box, GID), Be.get64(box, GID + 8)));
    }
    if ((mask & QpAttributes.MAX_DEST_RD_ATOMIC) != 0) {
      to.maxDestRdAtomic(Be.get32(box, DEST_RD_ATOMIC));
    }
  }

  private static void requester(MemorySegment box, int mask, QpAttributes to) {
    if ((mask & QpAttributes.SQ_PSN) != 0) {
      to.sqPsn(Be.get32(box, SQ_PSN));
    }
    if ((mask & QpAttributes.MAX_QP_RD_ATOMIC) != 0) {
      to.maxRdAtomic(Be.get32(box, RD_ATOMIC));
    }
    if ((mask & QpAttributes.TIMEOUT) != 0) {
      to.timeoutCode(Be.get32(box, TIMEOUT));
    }
    if ((mask & QpAttributes.RETRY_CNT) != 0) {
      to.retryCount(Be.get32(box, RETRY));
    }
    if ((mask & QpAttributes.RNR_RETRY) != 0) {
      to.rnrRetry(Be.get32(box, RNR_RETRY));
    }
    if ((mask & QpAttributes.PKEY_INDEX) != 0) {
      to.pkeyIndex(Be.get32(box, PKEY_INDEX));
    }
    if ((mask & QpAttributes.EN_SQD_ASYNC_NOTIFY) != 0) {
      to.sqdAsyncNotify(Be.get32(box, SQD_NOTIFY) != 0);
    }
  }
}
