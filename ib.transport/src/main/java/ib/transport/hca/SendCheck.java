// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.verbs.AccessFlags;
import ib.verbs.FlushPlacement;
import ib.verbs.QpType;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a queue pair refuses to post, the same for every device: operations that its service type or
 * the device has not (specification table 64), and requests that make no sense. Immutable.
 */
public final class SendCheck {
  private static final Set<WrOpcode> UNRELIABLE =
      EnumSet.of(
          WrOpcode.SEND,
          WrOpcode.SEND_WITH_IMM,
          WrOpcode.RDMA_WRITE,
          WrOpcode.RDMA_WRITE_WITH_IMM,
          WrOpcode.LOCAL_INV,
          WrOpcode.REG_MR,
          WrOpcode.BIND_MW);
  private static final Set<WrOpcode> DATAGRAM = EnumSet.of(WrOpcode.SEND, WrOpcode.SEND_WITH_IMM);
  private static final int ATOMIC_BYTES = 8;
  private static final int PLACEMENTS = FlushPlacement.GLOBAL | FlushPlacement.PERSISTENT;

  private final HcaCommands commands;
  private final String label;
  private final QpType type;
  private final Set<WrOpcode> operations;
  private final int maxInlineBytes;

  /**
   * Makes the check of a queue pair.
   *
   * @param commands of its device
   * @param label the queue pair, for messages
   * @param type service type
   * @param offered all operations of the device
   * @param maxInlineBytes inline data that it was made for
   */
  public SendCheck(
      HcaCommands commands, String label, QpType type, Set<WrOpcode> offered, int maxInlineBytes) {
    this.commands = commands;
    this.label = label;
    this.type = type;
    this.maxInlineBytes = maxInlineBytes;
    EnumSet<WrOpcode> both = EnumSet.copyOf(offered);
    switch (type) {
      case RC -> {}
      case UC -> both.retainAll(UNRELIABLE);
      case UD -> both.retainAll(DATAGRAM);
    }
    operations = Collections.unmodifiableSet(both);
  }

  /**
   * Refuses a request.
   *
   * @param wr about to be posted
   * @throws IllegalArgumentException naming what is wrong and the remedy
   */
  public void check(SendWr wr) {
    WrOpcode opcode = wr.opcode();
    if (!operations.contains(opcode)) {
      throw new IllegalArgumentException(
          label
              + " of type "
              + type
              + " takes no "
              + opcode
              + ": it takes "
              + operations
              + "; what a device offers says its query");
    }
    if (type == QpType.UD && wr.destination() == null) {
      throw new IllegalArgumentException(label + " sends datagrams: give a destination");
    }
    if (wr.isInline()) {
      checkInline(wr);
    }
    if (opcode.isAtomic() || opcode == WrOpcode.ATOMIC_WRITE) {
      checkAtomic(wr);
    } else if (opcode == WrOpcode.FLUSH) {
      checkFlush(wr);
    } else if (opcode.isLocal()) {
      checkLocal(wr);
    }
  }

  private void checkInline(SendWr wr) {
    boolean sendsData = wr.opcode().isSend() || wr.opcode().wcOpcode().isWrite();
    if (!sendsData || wr.sges().count() != 0 || wr.inlineBytes() > maxInlineBytes) {
      throw new IllegalArgumentException(
          label
              + ": "
              + wr.inlineBytes()
              + " bytes of inline data with "
              + wr.opcode()
              + " and "
              + wr.sges().count()
              + " elements: give at most "
              + maxInlineBytes
              + " bytes, with SEND or WRITE, and no element");
    }
  }

  private void checkAtomic(SendWr wr) {
    long bytes = wr.isInline() ? wr.inlineBytes() : wr.sges().totalBytes();
    if (bytes != ATOMIC_BYTES || (wr.remoteAddress() & (ATOMIC_BYTES - 1)) != 0) {
      throw new IllegalArgumentException(
          label
              + ": "
              + wr.opcode()
              + " with "
              + bytes
              + " bytes at remote address 0x"
              + Long.toHexString(wr.remoteAddress())
              + ": give 8 bytes, and an address that is a multiple of 8");
    }
  }

  private void checkFlush(SendWr wr) {
    int placement = wr.flushPlacement();
    if (placement == 0
        || (placement & ~PLACEMENTS) != 0
        || wr.flushBytes() < 0
        || wr.sges().count() != 0) {
      throw new IllegalArgumentException(
          label
              + ": FLUSH of "
              + wr.flushBytes()
              + " bytes, placement 0x"
              + Integer.toHexString(placement)
              + ", "
              + wr.sges().count()
              + " elements: give 0 or more bytes, GLOBAL or PERSISTENT, and no element");
    }
  }

  private void checkLocal(SendWr wr) {
    boolean complete =
        switch (wr.opcode()) {
          case REG_MR -> wr.fastRegMr() != null;
          case BIND_MW -> wr.window() != null && wr.region() != null;
          default -> true;
        };
    if (!complete || wr.sges().count() != 0) {
      throw new IllegalArgumentException(
          label
              + ": "
              + wr.opcode()
              + " with "
              + wr.sges().count()
              + " elements: give what it is about (registerMr, bindMw), and no element");
    }
    if (!isOwn(wr)) {
      throw new IllegalArgumentException(
          label
              + ": "
              + wr.opcode()
              + " of a region or window of another device; make one on "
              + commands.device());
    }
    AccessFlags.check(wr.access() | impliedRights(wr));
  }

  /** Whether what a local operation is about is of this device. */
  private boolean isOwn(SendWr wr) {
    return switch (wr.opcode()) {
      case REG_MR -> commands.isOwn(wr.fastRegMr());
      case BIND_MW -> commands.isOwn(wr.window()) && commands.isOwn(wr.region());
      default -> true;
    };
  }

  /** A window's rights are checked against those of its region, by the device. */
  private static int impliedRights(SendWr wr) {
    return wr.opcode() == WrOpcode.BIND_MW ? AccessFlags.LOCAL_WRITE : 0;
  }
}
