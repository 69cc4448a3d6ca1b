// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.DmaDirection;
import ib.dma.ScatterList;
import ib.ulp.srpt.internal.scsi.LogicalUnit;
import ib.ulp.srpt.internal.scsi.ScsiTask;
import org.jspecify.annotations.Nullable;

/**
 * A command of a channel from its arrival until its response was acknowledged. Preallocated and
 * reused; worker thread only.
 */
final class Command {
  /**
   * Where a command stands; {@code NEED_…} states wait for something and are tried again when it
   * may be there.
   */
  enum State {
    FREE,
    NEED_BUFFERS,
    NEED_READ_ROOM,
    FETCHING,
    NEED_RESPONSE_ROOM,
    RESPONDING
  }

  final int index;
  final ScsiTask task = new ScsiTask();
  final ScatterList data = new ScatterList(16);
  State state = State.FREE;
  int receiveIndex;
  long tag;
  @Nullable LogicalUnit unit;
  long bytes;
  int mapped;
  DmaDirection direction = DmaDirection.NONE;
  int postedRequests;
  boolean aborted;
  boolean answersTaskManagement;
  int taskManagementResponse;
  long inResidual;
  long outResidual;
  int residualFlags;

  Command(int index) {
    this.index = index;
  }

  void begin(int receive, long itsTag) {
    receiveIndex = receive;
    tag = itsTag;
    unit = null;
    bytes = 0;
    mapped = 0;
    direction = DmaDirection.NONE;
    postedRequests = 0;
    aborted = false;
    answersTaskManagement = false;
    inResidual = 0;
    outResidual = 0;
    residualFlags = 0;
    task.begin();
  }
}
