// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static ib.verbs.QpAttributes.ACCESS_FLAGS;
import static ib.verbs.QpAttributes.AV;
import static ib.verbs.QpAttributes.DEST_QPN;
import static ib.verbs.QpAttributes.EN_SQD_ASYNC_NOTIFY;
import static ib.verbs.QpAttributes.MAX_DEST_RD_ATOMIC;
import static ib.verbs.QpAttributes.MAX_QP_RD_ATOMIC;
import static ib.verbs.QpAttributes.MIN_RNR_TIMER;
import static ib.verbs.QpAttributes.PATH_MTU;
import static ib.verbs.QpAttributes.PKEY_INDEX;
import static ib.verbs.QpAttributes.QKEY;
import static ib.verbs.QpAttributes.RETRY_CNT;
import static ib.verbs.QpAttributes.RNR_RETRY;
import static ib.verbs.QpAttributes.RQ_PSN;
import static ib.verbs.QpAttributes.SQ_PSN;
import static ib.verbs.QpAttributes.STATE;
import static ib.verbs.QpAttributes.TIMEOUT;

import ib.transport.wire.Gids;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.net.InetAddress;

/**
 * Which changes of state a queue pair admits, with which attributes (specification 11.2.5.2 and
 * table 91; {@code ib_modify_qp_is_ok} of Linux names the same). Attributes that do not exist here:
 * PORT (a device has one), CUR_STATE (the engine knows), alternate path and its migration state
 * (RoCE has none). PKEY_INDEX is optional where the specification requires it, as a port has one
 * P_Key.
 */
final class QpTransitions {
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
    "RNR_RETRY",
    "PKEY_INDEX",
    "EN_SQD_ASYNC_NOTIFY"
  };

  private QpTransitions() {}

  /** Refuses a change that is not possible, naming the queue pair, what is wrong and the remedy. */
  static void check(
      int qpn, QpType type, QpState from, QpState to, QpAttributes attributes, EngineOptions port)
      throws RdmaException {
    String who = type + " QP " + qpn + ": ";
    if (!isPossible(type, from, to)) {
      throw new RdmaException(
          who
              + "no transition from "
              + from
              + " to "
              + to
              + "; the way is RESET, INIT, RTR, RTS, and from everywhere to ERR and RESET");
    }
    int required = required(type, from, to);
    int missing = required & ~attributes.mask();
    if (missing != 0) {
      throw new RdmaException(
          who + from + " to " + to + " needs " + names(missing) + ": set them in the attributes");
    }
    int surplus = attributes.mask() & ~(required | optional(type, from, to) | STATE);
    if (surplus != 0) {
      throw new RdmaException(
          who
              + names(surplus)
              + " can't be changed from "
              + from
              + " to "
              + to
              + ": leave them out, or set them where this type of queue pair admits it");
    }
    checkRanges(who, attributes, port);
  }

  /** Whether there is such a transition (specification 10.3.1, figure 124). */
  static boolean isPossible(QpType type, QpState from, QpState to) {
    if (to == QpState.RESET || to == QpState.ERR) {
      return true;
    }
    return switch (from) {
      case RESET -> to == QpState.INIT;
      case INIT -> to == QpState.INIT || to == QpState.RTR;
      case RTR -> to == QpState.RTS;
      case RTS, SQD -> to == QpState.RTS || to == QpState.SQD;
      case SQE -> to == QpState.RTS && type != QpType.RC;
      case ERR -> false;
    };
  }

  /** Attributes that a transition needs. */
  static int required(QpType type, QpState from, QpState to) {
    if (from == QpState.RESET && to == QpState.INIT) {
      return type == QpType.UD ? QKEY : ACCESS_FLAGS;
    }
    if (from == QpState.INIT && to == QpState.RTR) {
      return switch (type) {
        case RC -> AV | PATH_MTU | DEST_QPN | RQ_PSN | MAX_DEST_RD_ATOMIC | MIN_RNR_TIMER;
        case UC -> AV | PATH_MTU | DEST_QPN | RQ_PSN;
        case UD -> 0;
      };
    }
    if (from == QpState.RTR && to == QpState.RTS) {
      return switch (type) {
        case RC -> SQ_PSN | TIMEOUT | RETRY_CNT | RNR_RETRY | MAX_QP_RD_ATOMIC;
        case UC, UD -> SQ_PSN;
      };
    }
    return 0;
  }

  /** Attributes that a transition admits beside those it needs. */
  static int optional(QpType type, QpState from, QpState to) {
    return switch (to) {
      case RESET, ERR, SQE -> 0;
      case INIT -> type == QpType.UD ? PKEY_INDEX | QKEY : PKEY_INDEX | ACCESS_FLAGS;
      case RTR -> type == QpType.UD ? PKEY_INDEX | QKEY : PKEY_INDEX | ACCESS_FLAGS;
      case RTS ->
          switch (type) {
            case RC -> ACCESS_FLAGS | MIN_RNR_TIMER;
            case UC -> ACCESS_FLAGS;
            case UD -> QKEY;
          };
      case SQD -> from == QpState.RTS ? EN_SQD_ASYNC_NOTIFY : inSqd(type);
    };
  }

  private static int inSqd(QpType type) {
    return switch (type) {
      case RC ->
          AV
              | TIMEOUT
              | RETRY_CNT
              | RNR_RETRY
              | MAX_QP_RD_ATOMIC
              | MAX_DEST_RD_ATOMIC
              | MIN_RNR_TIMER
              | ACCESS_FLAGS
              | PKEY_INDEX;
      case UC -> AV | ACCESS_FLAGS | PKEY_INDEX;
      case UD -> QKEY | PKEY_INDEX;
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
    range(who, a, PKEY_INDEX, a.pkeyIndex(), 0);
    InetAddress peer = a.remoteAddress();
    if (a.has(AV)
        && (peer == null
            || Gids.isV4(Gids.high(peer), Gids.low(peer))
                != Gids.isV4(port.localHigh(), port.localLow()))) {
      throw new RdmaException(
          who + "remote address " + peer + ": must be of the port's family, IPv4 or IPv6");
    }
    if (a.has(AV) && peer != null && peer.isMulticastAddress()) {
      throw new RdmaException(
          who + "remote address " + peer + ": a group is reached by UD datagrams only");
    }
  }

  private static void range(String who, QpAttributes a, int bit, int value, int max)
      throws RdmaException {
    if (a.has(bit) && (value < 0 || value > max)) {
      throw new RdmaException(who + names(bit) + " " + value + ": must be 0.." + max);
    }
  }

  /** Names of attributes, for people. */
  static String names(int mask) {
    StringBuilder text = new StringBuilder();
    for (int bit = 0; bit < NAMES.length; bit++) {
      if ((mask & 1 << bit) != 0) {
        text.append(text.isEmpty() ? "" : ", ").append(NAMES[bit]);
      }
    }
    return text.toString();
  }
}
