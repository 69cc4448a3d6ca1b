// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A SCSI command of discovery. Filled by who drives the disk, read by the owner's thread once
 * {@link #isDone}.
 */
final class AdminCommand {
  final byte[] cdb;
  final byte[] dataIn;
  long tag;
  private int status;
  private int sense = Sense.NONE;
  private volatile boolean done;

  /**
   * Creates a command.
   *
   * @param cdb at most 16 bytes
   * @param inBytes bytes wanted, at most {@link ChannelResources#ADMIN_BYTES}; 0 for none
   */
  AdminCommand(byte[] cdb, int inBytes) {
    this.cdb = cdb.clone();
    dataIn = new byte[inBytes];
  }

  boolean isDone() {
    return done;
  }

  int status() {
    return status;
  }

  int sense() {
    return sense;
  }

  void complete(int scsiStatus, int senseData, MemorySegment data) {
    status = scsiStatus;
    sense = senseData;
    MemorySegment.copy(data, ValueLayout.JAVA_BYTE, 0, dataIn, 0, dataIn.length);
    done = true;
  }
}
