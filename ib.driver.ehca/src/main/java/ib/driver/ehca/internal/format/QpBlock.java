// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

import ib.transport.wire.Gids;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * Control block of a queue pair ({@code struct hcp_modify_qp_control_block}): attributes in memory.
 */
public final class QpBlock {
  /** Bytes of the block. */
  public static final int BYTES = 128;

  private static final int MASK = 0;
  private static final int STATE = 4;
  private static final int ACCESS = 8;
  private static final int QKEY = 12;
  private static final int PATH_MTU = 16;
  private static final int DEST_QPN = 20;
  private static final int RQ_PSN = 24;
  private static final int SQ_PSN = 28;
  private static final int GID = 32;
  private static final int DEST_RD_ATOMIC = 48;
  private static final int RD_ATOMIC = 52;
  private static final int RNR_TIMER = 56;
  private static final int TIMEOUT = 60;
  private static final int RETRY = 64;
  private static final int RNR_RETRY = 68;
  private static final int PKEY_INDEX = 72;
  private static final int SQD_NOTIFY = 76;

  private static final int RESET = 1;
  private static final int INIT = 2;
  private static final int RTR = 3;
  private static final int RTS = 5;
  private static final int SQD = 6;
  private static final int SQE = 8;
  private static final int ERR = 128;

  private QpBlock() {}

  /** Code of a state. */
  public static int code(QpState state) {
    return switch (state) {
      case RESET -> RESET;
      case INIT -> INIT;
      case RTR -> RTR;
      case RTS -> RTS;
      case SQD -> SQD;
      case SQE -> SQE;
      case ERR -> ERR;
    };
  }

  /** State of a code, or null. */
  public static @Nullable QpState state(int code) {
    return switch (code) {
      case RESET -> QpState.RESET;
      case INIT -> QpState.INIT;
      case RTR -> QpState.RTR;
      case RTS -> QpState.RTS;
      case SQD -> QpState.SQD;
      case SQE -> QpState.SQE;
      case ERR -> QpState.ERR;
      default -> null;
    };
  }

  /** Writes attributes. */
  public static void write(MemorySegment block, QpAttributes from) {
    block.asSlice(0, BYTES).fill((byte) 0);
    Memory.put32(block, MASK, from.mask());
    Memory.put32(block, STATE, code(from.state()));
    Memory.put32(block, ACCESS, from.accessFlags());
    Memory.put32(block, QKEY, from.qkey());
    Memory.put32(block, PATH_MTU, from.pathMtuBytes());
    Memory.put32(block, DEST_QPN, from.destQpn());
    Memory.put32(block, RQ_PSN, from.rqPsn());
    Memory.put32(block, SQ_PSN, from.sqPsn());
    InetAddress peer = from.remoteAddress();
    if (peer != null) {
      Memory.put64(block, GID, Gids.high(peer));
      Memory.put64(block, GID + 8, Gids.low(peer));
    }
    Memory.put32(block, DEST_RD_ATOMIC, from.maxDestRdAtomic());
    Memory.put32(block, RD_ATOMIC, from.maxRdAtomic());
    Memory.put32(block, RNR_TIMER, from.minRnrTimer());
    Memory.put32(block, TIMEOUT, from.timeoutCode());
    Memory.put32(block, RETRY, from.retryCount());
    Memory.put32(block, RNR_RETRY, from.rnrRetry());
    Memory.put32(block, PKEY_INDEX, from.pkeyIndex());
    Memory.put32(block, SQD_NOTIFY, from.sqdAsyncNotify() ? 1 : 0);
  }

  /**
   * Reads attributes.
   *
   * @return null if the block makes no sense
   */
  public static @Nullable QpAttributes read(MemorySegment block) {
    QpState state = state(Memory.get32(block, STATE));
    if (state == null) {
      return null;
    }
    QpAttributes to = new QpAttributes();
    int mask = Memory.get32(block, MASK);
    if ((mask & QpAttributes.STATE) != 0) {
      to.state(state);
    }
    if ((mask & QpAttributes.AV) != 0) {
      to.remoteAddress(Gids.address(Memory.get64(block, GID), Memory.get64(block, GID + 8)));
    }
    readNumbers(block, mask, to);
    readReliability(block, mask, to);
    return to;
  }

  private static void readNumbers(MemorySegment block, int mask, QpAttributes to) {
    if ((mask & QpAttributes.ACCESS_FLAGS) != 0) {
      to.accessFlags(Memory.get32(block, ACCESS));
    }
    if ((mask & QpAttributes.QKEY) != 0) {
      to.qkey(Memory.get32(block, QKEY));
    }
    if ((mask & QpAttributes.PATH_MTU) != 0) {
      to.pathMtuBytes(Memory.get32(block, PATH_MTU));
    }
    if ((mask & QpAttributes.DEST_QPN) != 0) {
      to.destQpn(Memory.get32(block, DEST_QPN));
    }
    if ((mask & QpAttributes.RQ_PSN) != 0) {
      to.rqPsn(Memory.get32(block, RQ_PSN));
    }
    if ((mask & QpAttributes.SQ_PSN) != 0) {
      to.sqPsn(Memory.get32(block, SQ_PSN));
    }
  }

  private static void readReliability(MemorySegment block, int mask, QpAttributes to) {
    if ((mask & QpAttributes.MAX_DEST_RD_ATOMIC) != 0) {
      to.maxDestRdAtomic(Memory.get32(block, DEST_RD_ATOMIC));
    }
    if ((mask & QpAttributes.MAX_QP_RD_ATOMIC) != 0) {
      to.maxRdAtomic(Memory.get32(block, RD_ATOMIC));
    }
    if ((mask & QpAttributes.MIN_RNR_TIMER) != 0) {
      to.minRnrTimer(Memory.get32(block, RNR_TIMER));
    }
    if ((mask & QpAttributes.TIMEOUT) != 0) {
      to.timeoutCode(Memory.get32(block, TIMEOUT));
    }
    if ((mask & QpAttributes.RETRY_CNT) != 0) {
      to.retryCount(Memory.get32(block, RETRY));
    }
    if ((mask & QpAttributes.RNR_RETRY) != 0) {
      to.rnrRetry(Memory.get32(block, RNR_RETRY));
    }
    if ((mask & QpAttributes.PKEY_INDEX) != 0) {
      to.pkeyIndex(Memory.get32(block, PKEY_INDEX));
    }
    if ((mask & QpAttributes.EN_SQD_ASYNC_NOTIFY) != 0) {
      to.sqdAsyncNotify(Memory.get32(block, SQD_NOTIFY) != 0);
    }
  }
}
