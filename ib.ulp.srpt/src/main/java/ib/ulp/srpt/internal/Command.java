// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.DmaDirection;
import ib.dma.ScatterList;
import ib.ulp.srpt.internal.scsi.LogicalUnit;
import ib.ulp.srpt.internal.scsi.ScsiTask;
import org.jspecify.annotations.Nullable;

/**
 * A command of a channel from its arrival until its response was acknowledged. Preallocated and
 * reused; touched only by who has the target's turn.
 */
final class Command {
  /** Where a command stands. */
  enum State {
    /** Not in use. */
    FREE,
    /** In line for data buffers. */
    NEED_BUFFERS,
    /** Waits for room in the send queue to fetch its table. */
    NEED_TABLE_ROOM,
    /** A READ of its table is posted. */
    FETCHING_TABLE,
    /** Waits for room in the send queue to fetch its data. */
    NEED_READ_ROOM,
    /** READs of its data are posted. */
    FETCHING,
    /** Its backing reads or writes; nothing is mapped, but the buffers are in use. */
    MEDIUM,
    /** Its backing is flushed; it holds nothing. */
    FLUSHING,
    /** A task management function whose tasks have not all ended. */
    AWAITING_TASKS,
    /** Waits for room in the send queue for its data or response. */
    NEED_RESPONSE_ROOM,
    /** WRITEs of its data are posted, and more are to come. */
    SENDING_DATA,
    /** Its response is posted. */
    RESPONDING
  }

  final Channel channel;
  final int index;
  final ScsiTask task = new ScsiTask();
  final ScatterList data = new ScatterList(16);
  final ScatterList table = new ScatterList(1);
  State state = State.FREE;

  /** Counts the uses, so that a late flush is not taken for one of the next command. */
  long use;

  int receiveIndex;
  long tag;
  @Nullable LogicalUnit unit;
  long bytes;
  long tableBytes;
  long movedBytes;
  int mapped;
  boolean tableMapped;
  DmaDirection direction = DmaDirection.NONE;
  int postedRequests;

  /** Bytes the initiator offered, and those the CDB asks for. */
  long offeredOut;

  long offeredIn;
  long wantedOut;
  long wantedIn;

  /** Ended by task management; {@link #silent} ones get no response. */
  boolean aborted;

  boolean silent;
  @Nullable TaskSetEnd endedBy;
  boolean answersTaskManagement;
  int taskManagementResponse;

  Command(Channel channel, int index) {
    this.channel = channel;
    this.index = index;
  }

  void begin(int receive, long itsTag) {
    use++;
    receiveIndex = receive;
    tag = itsTag;
    unit = null;
    bytes = 0;
    tableBytes = 0;
    movedBytes = 0;
    mapped = 0;
    tableMapped = false;
    direction = DmaDirection.NONE;
    postedRequests = 0;
    offeredOut = 0;
    offeredIn = 0;
    wantedOut = 0;
    wantedIn = 0;
    aborted = false;
    silent = false;
    endedBy = null;
    answersTaskManagement = false;
    task.begin();
  }

  /** No data is moved (any more): all that was offered is residual. */
  void movesNothing() {
    bytes = 0;
    wantedOut = 0;
    wantedIn = 0;
  }

  /** Whether the device may still touch memory of the initiator for it. */
  boolean isMovingData() {
    return state == State.FETCHING_TABLE || state == State.FETCHING || state == State.SENDING_DATA;
  }
}
