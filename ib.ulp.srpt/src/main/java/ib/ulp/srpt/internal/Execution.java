// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.DmaDirection;
import ib.srp.SrpCmd;
import ib.srp.SrpRsp;
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
 * What a command does between its arrival and its response: buffers, medium, data. Worker thread
 * only.
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
    command.unit = target.units().decode(SrpCmd.lun(iu, at), task);
    if (command.unit != null && hasAttention(command.unit, task)) {
      task.fail(Sense.RESET_OCCURRED);
    }
    switch (task.kind()) {
      case STATUS -> {
        residuals(command, iu, at, 0);
        channel.respond(command);
      }
      case FLUSH -> flushThenRespond(command);
      case REPLY, READ_BLOCKS, WRITE_BLOCKS -> transfer(command, iu, at);
    }
  }

  private boolean hasAttention(LogicalUnit unit, ScsiTask task) {
    int opcode = task.cdb()[0] & 0xFF;
    boolean exempt = opcode == INQUIRY || opcode == REQUEST_SENSE || opcode == REPORT_LUNS;
    return !exempt && channel.session.takeUnitAttention(unit);
  }

  private void transfer(Command command, MemorySegment iu, long at) {
    boolean out = command.task.kind() == ScsiTask.Kind.WRITE_BLOCKS;
    long wanted =
        command.task.kind() == ScsiTask.Kind.REPLY
            ? command.task.reply().limit()
            : command.task.lengthBytes();
    if (!remote.read(iu, at, out) || (out && remote.totalBytes() < wanted)) {
      command.task.fail(Sense.INVALID_FIELD_IN_IU);
      channel.respond(command);
      return;
    }
    residuals(command, iu, at, wanted);
    command.bytes = Math.min(wanted, remote.totalBytes());
    if (command.bytes == 0) {
      command.task.end(ScsiStatus.GOOD);
      channel.respond(command);
    } else if (!resumeBuffers(command)) {
      channel.waitFor(command, Command.State.NEED_BUFFERS);
    }
  }

  /** What the initiator offered beyond what is moved, or the other way round (SRP r16a, 6.9). */
  private void residuals(Command command, MemorySegment iu, long at, long wanted) {
    boolean out = command.task.kind() == ScsiTask.Kind.WRITE_BLOCKS;
    remote.read(iu, at, true);
    long outDiff = remote.totalBytes() - (out ? wanted : 0);
    remote.read(iu, at, false);
    long inDiff = remote.totalBytes() - (out ? 0 : wanted);
    command.outResidual = Math.abs(outDiff);
    command.inResidual = Math.abs(inDiff);
    command.residualFlags =
        flag(outDiff, SrpRsp.OUT_UNDERFLOW, SrpRsp.OUT_OVERFLOW)
            | flag(inDiff, SrpRsp.IN_UNDERFLOW, SrpRsp.IN_OVERFLOW);
    remote.read(iu, at, out);
  }

  private static int flag(long difference, int under, int over) {
    if (difference == 0) {
      return 0;
    }
    return difference > 0 ? under : over;
  }

  /** Goes on with a command that waited; false if it must wait longer. */
  boolean resume(Command command) {
    if (command.aborted) {
      channel.respond(command);
      return true;
    }
    return command.state == Command.State.NEED_BUFFERS
        ? resumeBuffers(command)
        : resumeFetch(command);
  }

  private boolean resumeBuffers(Command command) {
    if (!target.buffers().take(command.bytes, command.data)) {
      return false;
    }
    boolean out = command.task.kind() == ScsiTask.Kind.WRITE_BLOCKS;
    if (!out && !fill(command)) {
      channel.respond(command);
      return true;
    }
    command.direction = out ? DmaDirection.FROM_DEVICE : DmaDirection.TO_DEVICE;
    command.mapped =
        channel.device.rdma.dma().mapSg(command.data, command.data.entries(), command.direction);
    if (command.mapped == 0) {
      // Back-pressure, not an I/O error: the initiator sends it again.
      command.task.end(ScsiStatus.TASK_SET_FULL);
      command.bytes = 0;
      channel.respond(command);
      return true;
    }
    if (!out) {
      channel.respond(command);
    } else if (!resumeFetch(command)) {
      channel.waitFor(command, Command.State.NEED_READ_ROOM);
    }
    return true;
  }

  private boolean resumeFetch(Command command) {
    remote.read(
        channel.rings().receiveSegment(),
        channel.rings().receiveOffset(command.receiveIndex),
        true);
    command.state = Command.State.FETCHING;
    if (channel.fetch(command, remote)) {
      return true;
    }
    command.state = Command.State.NEED_READ_ROOM;
    return false;
  }

  /** Puts what the initiator asked for into the command's buffers. */
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
    try {
      move(command, Objects.requireNonNull(command.unit).backing(), false);
      return true;
    } catch (IOException e) {
      return failed(command, e, Sense.READ_ERROR);
    }
  }

  /** The data of a write is here: to the medium with it. */
  void fetched(Command command) {
    unmap(command);
    if (!command.aborted) {
      try {
        Backing backing = Objects.requireNonNull(command.unit).backing();
        move(command, backing, true);
        if (command.task.forceUnitAccess()) {
          backing.flush();
        }
      } catch (IOException e) {
        failed(command, e, Sense.WRITE_ERROR);
      }
    }
    command.task.finish();
    channel.respond(command);
  }

  private void flushThenRespond(Command command) {
    try {
      Objects.requireNonNull(command.unit).backing().flush();
      command.task.finish();
    } catch (IOException e) {
      failed(command, e, Sense.WRITE_ERROR);
    }
    channel.respond(command);
  }

  private boolean failed(Command command, IOException cause, Sense sense) {
    target.mediumError(command, cause);
    command.task.fail(sense);
    command.bytes = 0;
    return false;
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

  /** The initiator's buffers if data goes there before the response, else null. */
  @Nullable RemoteBuffers dataIn(Command command) {
    if (command.mapped == 0 || command.direction != DmaDirection.TO_DEVICE) {
      return null;
    }
    remote.read(
        channel.rings().receiveSegment(),
        channel.rings().receiveOffset(command.receiveIndex),
        false);
    return remote;
  }

  private void unmap(Command command) {
    if (command.mapped != 0) {
      channel.device.rdma.dma().unmapSg(command.data, command.data.entries(), command.direction);
      command.mapped = 0;
    }
  }

  void free(Command command) {
    unmap(command);
    if (command.data.entries() > 0) {
      target.buffers().giveBack(command.data);
      target.buffersFreed();
    }
  }
}
