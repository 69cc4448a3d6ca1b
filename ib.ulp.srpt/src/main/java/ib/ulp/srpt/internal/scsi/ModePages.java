// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

import java.nio.ByteBuffer;

/**
 * MODE SENSE (6) and (10): caching, control and informational exceptions pages (SPC-4, 6.11 and
 * 7.5; SBC-3, 6.4).
 */
final class ModePages {
  private static final int CACHING = 0x08;
  private static final int CONTROL = 0x0A;
  private static final int EXCEPTIONS = 0x1C;
  private static final int ALL = 0x3F;

  private ModePages() {}

  static void sense(ScsiTask task, boolean ten, long blocks, int blockSize) {
    int page = task.u8(2) & 0x3F;
    int control = task.u8(2) >> 6;
    int subpage = task.u8(3);
    if (control == 3) {
      task.fail(Sense.SAVING_NOT_SUPPORTED);
      return;
    }
    boolean known = page == CACHING || page == CONTROL || page == EXCEPTIONS || page == ALL;
    boolean allSubpages = page == ALL && subpage == 0xFF;
    if (!known || (subpage != 0 && !allSubpages)) {
      task.fail(Sense.INVALID_FIELD);
      return;
    }
    boolean noDescriptor = (task.u8(1) & 0x08) != 0;
    ByteBuffer out = task.reply();
    int header = ten ? 8 : 4;
    out.position(header);
    if (!noDescriptor) {
      out.putInt((int) Math.min(blocks, 0xFFFF_FFFFL));
      out.putInt(blockSize);
    }
    boolean changeable = control == 1;
    // WCE: a write cache, flushed by SYNCHRONIZE CACHE
    page(out, page, CACHING, 18, 2, changeable ? 0 : 0x04);
    // TAS: who loses a command to another initiator's task management gets TASK ABORTED for it
    page(out, page, CONTROL, 10, 5, changeable ? 0 : 0x40);
    page(out, page, EXCEPTIONS, 10, 2, 0);
    int descriptorBytes = noDescriptor ? 0 : 8;
    if (ten) {
      out.putShort(0, (short) (out.position() - 2));
      out.put(2, (byte) 0).put(3, (byte) 0x10).put(4, (byte) 0).put(5, (byte) 0); // DPOFUA
      out.putShort(6, (short) descriptorBytes);
    } else {
      out.put(0, (byte) (out.position() - 1))
          .put(1, (byte) 0)
          .put(2, (byte) 0x10)
          .put(3, (byte) descriptorBytes);
    }
    task.replyUpTo(ten ? task.u16(7) : task.u8(4));
  }

  private static void page(ByteBuffer out, int asked, int code, int bytes, int valueAt, int value) {
    if (asked == code || asked == ALL) {
      int at = out.position();
      out.put((byte) code).put((byte) bytes).put(new byte[bytes]);
      out.put(at + valueAt, (byte) value);
    }
  }
}
