// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The logical units of a target: finds one by the 8-byte LUN of a command and answers what concerns
 * all. Immutable.
 */
public final class LogicalUnits {
  private final SortedMap<Integer, LogicalUnit> units = new TreeMap<>();

  /**
   * Creates the set.
   *
   * @param all logical units with different numbers
   */
  public LogicalUnits(Collection<LogicalUnit> all) {
    for (LogicalUnit unit : all) {
      if (units.put(unit.lun(), unit) != null) {
        throw new IllegalArgumentException(
            "LUN " + unit.lun() + " is given twice; number each once");
      }
    }
  }

  /**
   * All logical units.
   *
   * @return by number
   */
  public Collection<LogicalUnit> all() {
    return units.values();
  }

  /**
   * Finds a logical unit.
   *
   * @param lun 8-byte LUN, single-level peripheral or flat space addressing (SAM-5, 4.7)
   * @return null if there is none
   */
  public @Nullable LogicalUnit find(long lun) {
    int method = (int) (lun >>> 62);
    boolean singleLevel = (lun & 0x0000_FFFF_FFFF_FFFFL) == 0;
    if (!singleLevel || method > 1) {
      return null;
    }
    int number = (int) (lun >>> 48) & 0x3FFF;
    return method == 0 && number > 0xFF ? null : units.get(number);
  }

  /**
   * Decodes a command: REPORT LUNS here, INQUIRY and REQUEST SENSE also for a LUN without logical
   * unit, the rest by the logical unit.
   *
   * @param lun 8-byte LUN
   * @param task with its CDB
   * @return the logical unit, null if the command needs none or there is none
   */
  public @Nullable LogicalUnit decode(long lun, ScsiTask task) {
    LogicalUnit unit = find(lun);
    int opcode = task.u8(0);
    if (opcode == ScsiOpcode.REPORT_LUNS) {
      reportLuns(task);
    } else if (unit != null) {
      unit.decode(task);
    } else if (opcode == ScsiOpcode.INQUIRY) {
      Inquiry.notPresent(task);
    } else if (opcode == ScsiOpcode.REQUEST_SENSE) {
      LogicalUnit.requestSense(task, Sense.LUN_NOT_SUPPORTED);
    } else {
      task.fail(Sense.LUN_NOT_SUPPORTED);
    }
    return unit;
  }

  private void reportLuns(ScsiTask task) {
    long allocation = task.u32(6);
    if (allocation < 16 || task.u8(2) > 2) {
      task.fail(Sense.INVALID_FIELD);
      return;
    }
    ByteBuffer out = task.reply();
    boolean wellKnownOnly = task.u8(2) == 1;
    int count = wellKnownOnly ? 0 : units.size();
    out.putInt(count * 8);
    out.putInt(0);
    if (!wellKnownOnly) {
      for (int number : units.keySet()) {
        out.putLong((number > 0xFF ? 0x4000L | number : number) << 48);
      }
    }
    task.replyUpTo(allocation);
  }
}
