// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static ib.verbs.QpAttributes.ACCESS_FLAGS;
import static ib.verbs.QpAttributes.AV;
import static ib.verbs.QpAttributes.DEST_QPN;
import static ib.verbs.QpAttributes.MAX_DEST_RD_ATOMIC;
import static ib.verbs.QpAttributes.MAX_QP_RD_ATOMIC;
import static ib.verbs.QpAttributes.MIN_RNR_TIMER;
import static ib.verbs.QpAttributes.PATH_MTU;
import static ib.verbs.QpAttributes.QKEY;
import static ib.verbs.QpAttributes.RETRY_CNT;
import static ib.verbs.QpAttributes.RNR_RETRY;
import static ib.verbs.QpAttributes.RQ_PSN;
import static ib.verbs.QpAttributes.SQ_PSN;
import static ib.verbs.QpAttributes.TIMEOUT;

import ib.transport.wire.Gids;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.net.InetAddress;

/**
 * Which changes of state a queue pair admits, with which attributes (specification 11.2.5.2 and
 * table 91; {@code ib_modify_qp_is_ok} of Linux names the same).
 */
final class QpTransitions {
  private static final int RC_RTR =
      AV | PATH_MTU | DEST_QPN | RQ_PSN | MAX_DEST_RD_ATOMIC | MIN_RNR_TIMER;
  private static final int RC_RTS = TIMEOUT | RETRY_CNT | RNR_RETRY | SQ_PSN | MAX_QP_RD_ATOMIC;

  /** What can't change while packets may be on their way. */
  private static final int RECEIVE_FIXED = AV | PATH_MTU | DEST_QPN | RQ_PSN | MAX_DEST_RD_ATOMIC;

  private static final int SEND_FIXED = SQ_PSN | MAX_QP_RD_ATOMIC;

  private static final int PSN_MAX = 0xFF_FFFF;

  private static final String[] NAMES = {
    "STATE",
    "ACCESS_FLAGS",
    "QKEY",
    "PATH_MTU",
    "DEST_QPN",
    "RQ_PSN",
    "SQ_PSN",
    "AV",
    "MAX_DEST_RD_ATOMIC",
    "MAX_QP_RD_ATOMIC",
    "MIN_RNR_TIMER",
    "TIMEOUT",
    "RETRY_CNT",
    "RNR_RETRY"
  };

  private QpTransitions() {}

  /** Refuses a change that is not possible, naming the queue pair, what is wrong and the remedy. */
  static void check(
      int qpn, QpType type, QpState from, QpState to, QpAttributes attributes, EngineOptions port)
      throws RdmaException {
    String who = "QP " + qpn + ": ";
    if (to == QpState.RESET || to == QpState.ERR) {
      return;
    }
    if (!isPossible(from, to)) {
      throw new RdmaException(
          who + "no transition from " + from + " to " + to + "; the way is RESET, INIT, RTR, RTS");
    }
    int missing = required(type, from, to) & ~attributes.mask();
    if (missing != 0) {
      throw new RdmaException(
          who + from + " to " + to + " needs " + names(missing) + ": set them in the attributes");
    }
    int fixed = fixed(from) & attributes.mask();
    if (fixed != 0) {
      throw new RdmaException(
          who + names(fixed) + " can't be changed in " + from + ": go through RESET");
    }
    checkRanges(who, attributes, port);
  }

  private static boolean isPossible(QpState from, QpState to) {
    return switch (from) {
      case RESET -> to == QpState.INIT;
      case INIT -> to == QpState.INIT || to == QpState.RTR;
      case RTR -> to == QpState.RTR || to == QpState.RTS;
      case RTS, SQD -> to == QpState.RTS || to == QpState.SQD;
      case SQE, ERR -> false;
    };
  }

  private static int required(QpType type, QpState from, QpState to) {
    if (from == to) {
      return 0;
    }
    boolean datagram = type == QpType.UD;
    return switch (to) {
      case INIT -> datagram ? QKEY : ACCESS_FLAGS;
      case RTR -> datagram ? 0 : RC_RTR;
      case RTS -> from == QpState.SQD ? 0 : datagram ? SQ_PSN : RC_RTS;
      default -> 0;
    };
  }

  private static int fixed(QpState from) {
    return switch (from) {
      case RESET, INIT -> 0;
      case RTR -> RECEIVE_FIXED;
      default -> RECEIVE_FIXED | SEND_FIXED;
    };
  }

  private static void checkRanges(String who, QpAttributes a, EngineOptions port)
      throws RdmaException {
    int mtu = a.pathMtuBytes();
    if (a.has(PATH_MTU) && (mtu < 256 || mtu > port.mtuBytes() || Integer.bitCount(mtu) != 1)) {
      throw new RdmaException(
          who
              + "path MTU "
              + mtu
              + ": must be 256, 512, .. "
              + port.mtuBytes()
              + " (the port's MTU)");
    }
    range(who, a, DEST_QPN, a.destQpn(), PSN_MAX);
    range(who, a, RQ_PSN, a.rqPsn(), PSN_MAX);
    range(who, a, SQ_PSN, a.sqPsn(), PSN_MAX);
    range(who, a, MAX_DEST_RD_ATOMIC, a.maxDestRdAtomic(), RcQp.MAX_RD_ATOMIC);
    range(who, a, MAX_QP_RD_ATOMIC, a.maxRdAtomic(), RcQp.MAX_RD_ATOMIC);
    range(who, a, MIN_RNR_TIMER, a.minRnrTimer(), 31);
    range(who, a, TIMEOUT, a.timeoutCode(), 31);
    range(who, a, RETRY_CNT, a.retryCount(), 7);
    range(who, a, RNR_RETRY, a.rnrRetry(), 7);
    InetAddress peer = a.remoteAddress();
    if (a.has(AV)
        && (peer == null
            || Gids.isV4(Gids.high(peer), Gids.low(peer))
                != Gids.isV4(port.localHigh(), port.localLow()))) {
      throw new RdmaException(
          who + "remote address " + peer + ": must be of the port's family, IPv4 or IPv6");
    }
  }

  private static void range(String who, QpAttributes a, int bit, int value, int max)
      throws RdmaException {
    if (a.has(bit) && (value < 0 || value > max)) {
      throw new RdmaException(who + names(bit) + " " + value + ": must be 0.." + max);
    }
  }

  private static String names(int mask) {
    StringBuilder text = new StringBuilder();
    for (int bit = 0; bit < NAMES.length; bit++) {
      if ((mask & 1 << bit) != 0) {
        text.append(text.isEmpty() ? "" : ", ").append(NAMES[bit]);
      }
    }
    return text.toString();
  }
}
