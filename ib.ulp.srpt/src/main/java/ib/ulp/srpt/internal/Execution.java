// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.DmaDirection;
import ib.dma.IbDma;
import ib.srp.SrpCmd;
import ib.srp.SrpDirectBuf;
import ib.ulp.srpt.internal.Command.State;
import ib.ulp.srpt.internal.scsi.Backing;
import ib.ulp.srpt.internal.scsi.LogicalUnit;
import ib.ulp.srpt.internal.scsi.ScsiStatus;
import ib.ulp.srpt.internal.scsi.ScsiTask;
import ib.ulp.srpt.internal.scsi.Sense;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a command does between its arrival and its response: buffers, the table of its descriptors
 * if that is not in the IU, medium, data.
 */
final class Execution {
  private static final int INQUIRY = 0x12;
  private static final int REQUEST_SENSE = 0x03;
  private static final int REPORT_LUNS = 0xA0;

  private final Target target;
  private final Channel channel;
  private final RemoteBuffers remote = new RemoteBuffers();

  Execution(Target target, Channel channel) {
    this.target = target;
    this.channel = channel;
  }

  void start(Command command, MemorySegment iu, long at) {
    ScsiTask task = command.task;
    MemorySegment.copy(
        iu, ValueLayout.JAVA_BYTE, at + SrpCmd.CDB_OFFSET, task.cdb(), 0, ScsiTask.MAX_CDB_BYTES);
    command.offeredOut = RemoteBuffers.offeredBytes(iu, at, true);
    command.offeredIn = RemoteBuffers.offeredBytes(iu, at, false);
    command.unit = target.units().decode(SrpCmd.lun(iu, at), task);
    if (command.unit != null && hasAttention(command.unit, task)) {
      task.fail(Sense.RESET_OCCURRED);
    }
    switch (task.kind()) {
      case STATUS -> channel.respond(command);
      case FLUSH -> flush(command);
      case REPLY, READ_BLOCKS, WRITE_BLOCKS -> transfer(command, iu, at);
    }
  }

  private boolean hasAttention(LogicalUnit unit, ScsiTask task) {
    int opcode = task.cdb()[0] & 0xFF;
    boolean exempt = opcode == INQUIRY || opcode == REQUEST_SENSE || opcode == REPORT_LUNS;
    return !exempt && channel.session.takeUnitAttention(unit);
  }

  private static boolean isOut(Command command) {
    return command.task.kind() == ScsiTask.Kind.WRITE_BLOCKS;
  }

  private void transfer(Command command, MemorySegment iu, long at) {
    ScsiTask task = command.task;
    boolean out = isOut(command);
    if (out) {
      command.wantedOut = task.lengthBytes();
    } else {
      command.wantedIn =
          task.kind() == ScsiTask.Kind.REPLY ? task.reply().limit() : task.lengthBytes();
    }
    long entries = RemoteBuffers.externalEntries(iu, at, out);
    boolean tooShort = out && command.offeredOut < command.wantedOut;
    if (tooShort || entries > RemoteBuffers.MAX_ENTRIES) {
      task.fail(Sense.INVALID_FIELD_IN_IU);
      channel.respond(command);
      return;
    }
    command.bytes = out ? command.wantedOut : Math.min(command.wantedIn, command.offeredIn);
    command.tableBytes = command.bytes == 0 ? 0 : entries * SrpDirectBuf.LENGTH;
    if (command.bytes == 0) {
      task.end(ScsiStatus.GOOD);
      channel.respond(command);
      return;
    }
    command.state = State.NEED_BUFFERS;
    if (target.buffers().takeOrWait(command)) {
      buffersHere(command);
    }
  }

  /** Goes on with a command that has its buffers. */
  void buffersHere(Command command) {
    if (command.tableBytes == 0) {
      tableHere(command);
      return;
    }
    IbDma dma = channel.device.rdma.dma();
    if (dma.mapSg(command.table, command.table.entries(), DmaDirection.FROM_DEVICE) == 0) {
      noMapping(command);
      return;
    }
    command.tableMapped = true;
    command.state = State.NEED_TABLE_ROOM;
    channel.fetchOrWait(command);
  }

  /** The table came from the initiator's memory: it must add up as one in the IU must. */
  void tableFetched(Command command) {
    unmapTable(command);
    readRemote(command);
    long offered = isOut(command) ? command.offeredOut : command.offeredIn;
    if (remote.totalBytes() != offered) {
      command.task.fail(Sense.INVALID_FIELD_IN_IU);
      command.movesNothing();
      channel.respond(command);
    } else {
      tableHere(command);
    }
  }

  private void tableHere(Command command) {
    boolean out = isOut(command);
    if (!out && !fill(command)) {
      return;
    }
    command.direction = out ? DmaDirection.FROM_DEVICE : DmaDirection.TO_DEVICE;
    command.mapped =
        channel.device.rdma.dma().mapSg(command.data, command.data.entries(), command.direction);
    if (command.mapped == 0) {
      noMapping(command);
    } else if (out) {
      command.state = State.NEED_READ_ROOM;
      channel.fetchOrWait(command);
    } else {
      channel.respond(command);
    }
  }

  /** Back-pressure, not an I/O error: the initiator sends it again. */
  private void noMapping(Command command) {
    command.task.end(ScsiStatus.TASK_SET_FULL);
    command.movesNothing();
    channel.respond(command);
  }

  /**
   * Puts what the initiator asked for into the command's buffers. False if the command has ended,
   * by an error or with its channel.
   */
  private boolean fill(Command command) {
    ScsiTask task = command.task;
    if (task.kind() == ScsiTask.Kind.REPLY) {
      MemorySegment.copy(
          task.reply().array(),
          0,
          target.buffers().segment(),
          ValueLayout.JAVA_BYTE,
          command.data.offset(0),
          (int) command.bytes);
      return true;
    }
    IOException failure = medium(command, false);
    if (channel.isClosed()) {
      return false;
    }
    if (failure != null) {
      failed(command, failure, Sense.READ_ERROR);
      channel.respond(command);
    }
    return failure == null;
  }

  /** The data of a write is here: to the medium with it. */
  void fetched(Command command) {
    unmap(command);
    IOException failure = medium(command, true);
    if (channel.isClosed()) {
      return;
    }
    if (failure != null) {
      failed(command, failure, Sense.WRITE_ERROR);
      channel.respond(command);
    } else if (command.task.forceUnitAccess()) {
      flush(command);
    } else {
      command.task.finish();
      channel.respond(command);
    }
  }

  /**
   * Moves between the buffers and the medium, without the turn: a slow disk delays the other
   * commands, but not the departure of a device. If the channel was closed meanwhile, the buffers
   * are given back here, for until now they were in use.
   */
  private @Nullable IOException medium(Command command, boolean write) {
    Backing backing = Objects.requireNonNull(command.unit).backing();
    IOException failure = null;
    command.state = State.MEDIUM;
    target.worker().leave();
    try {
      move(command, backing, write);
    } catch (IOException e) {
      failure = e;
    } catch (RuntimeException e) {
      failure = new IOException(backing.description() + " failed: " + e, e);
    } finally {
      target.worker().enter();
    }
    if (channel.isClosed()) {
      command.state = State.FREE;
      giveBack(command);
    }
    return failure;
  }

  private void move(Command command, Backing backing, boolean write) throws IOException {
    long position = command.task.position();
    MemorySegment segment = target.buffers().segment();
    for (int i = 0; i < command.data.entries(); i++) {
      long offset = command.data.offset(i);
      long length = command.data.length(i);
      if (write) {
        backing.write(position, segment, offset, length);
      } else {
        backing.read(position, segment, offset, length);
      }
      position += length;
    }
  }

  private void flush(Command command) {
    Backing backing = Objects.requireNonNull(command.unit).backing();
    command.task.finish();
    if (!backing.isDurable()) {
      channel.respond(command);
      return;
    }
    free(command);
    command.state = State.FLUSHING;
    if (!target.flusher().offer(new Flusher.Job(command, backing))) {
      command.task.end(ScsiStatus.BUSY);
      channel.respond(command);
    }
  }

  void flushed(Command command, @Nullable IOException failure) {
    if (failure != null) {
      failed(command, failure, Sense.WRITE_ERROR);
    }
    channel.respond(command);
  }

  private void failed(Command command, IOException cause, Sense sense) {
    target.mediumError(command, cause);
    command.task.fail(sense);
    command.movesNothing();
  }

  /** The initiator's buffers of a command, out of its IU or its table. */
  RemoteBuffers readRemote(Command command) {
    if (command.tableBytes > 0) {
      remote.readTable(
          target.buffers().segment(),
          command.table.offset(0),
          (int) (command.tableBytes / SrpDirectBuf.LENGTH));
    } else {
      remote.read(
          channel.rings().receiveSegment(),
          channel.rings().receiveOffset(command.receiveIndex),
          isOut(command));
    }
    return remote;
  }

  /** Whether data goes to the initiator before the response. */
  static boolean sendsData(Command command) {
    return command.mapped != 0
        && command.direction == DmaDirection.TO_DEVICE
        && command.movedBytes < command.bytes;
  }

  private void unmap(Command command) {
    if (command.mapped != 0) {
      channel.device.rdma.dma().unmapSg(command.data, command.data.entries(), command.direction);
      command.mapped = 0;
    }
  }

  private void unmapTable(Command command) {
    if (command.tableMapped) {
      channel
          .device
          .rdma
          .dma()
          .unmapSg(command.table, command.table.entries(), DmaDirection.FROM_DEVICE);
      command.tableMapped = false;
    }
  }

  /** Undoes what a command holds. */
  void free(Command command) {
    unmapTable(command);
    unmap(command);
    giveBack(command);
  }

  private void giveBack(Command command) {
    if (command.data.entries() > 0) {
      target.buffers().giveBack(command);
      target.buffersFreed();
    }
  }
}
