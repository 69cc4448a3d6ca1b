// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What is asked of a logical unit after a login: INQUIRY, TEST UNIT READY, READ CAPACITY. On the
 * disk's own thread.
 */
final class Discovery {
  private static final long COMMAND_BOUND_NS = TimeUnit.SECONDS.toNanos(5);

  /** For all of it: each command may be sent again many times, and each answer may be late. */
  private static final long WHOLE_BOUND_NS = TimeUnit.SECONDS.toNanos(20);

  private static final long READY_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int READY_ATTEMPTS = 40;
  private static final int ATTENTIONS = 10;
  private static final long BUSY_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final int BUSY_ATTEMPTS = 20;
  private static final int INQUIRY_BYTES = 36;
  private static final int CAPACITY_10_BYTES = 8;
  private static final int CAPACITY_16_BYTES = 32;
  private static final int UNMAP_BIT = 0x80;

  private final CommandEngine engine;
  private final ChannelLife life;
  private final SrpChannel channel;
  private final SrpConfig config;
  private final OwnerWait owner;
  private final LongSupplier clock;
  private final long begunNs;

  Discovery(
      CommandEngine engine,
      ChannelLife life,
      SrpChannel channel,
      SrpConfig config,
      OwnerWait owner,
      LongSupplier clock) {
    this.engine = engine;
    this.life = life;
    this.channel = channel;
    this.config = config;
    this.owner = owner;
    this.clock = clock;
    begunNs = clock.getAsLong();
  }

  Geometry run() throws LoginException {
    String product = inquire();
    awaitReady();
    AdminCommand ten = expectGood("READ CAPACITY(10)", Cdb.readCapacity10(), CAPACITY_10_BYTES);
    long last = Cdb.u32(ten.dataIn, 0) & 0xFFFF_FFFFL;
    int blockBytes = Cdb.u32(ten.dataIn, 4);
    boolean unmap = false;
    AdminCommand sixteen =
        execute("READ CAPACITY(16)", Cdb.readCapacity16(CAPACITY_16_BYTES), CAPACITY_16_BYTES);
    if (sixteen.status() == Verdict.GOOD) {
      last = Cdb.u64(sixteen.dataIn, 0);
      blockBytes = Cdb.u32(sixteen.dataIn, 8);
      unmap = (sixteen.dataIn[14] & UNMAP_BIT) != 0;
    } else if (last == 0xFFFF_FFFFL) {
      throw new LoginException(
          where() + " has more than 2 TiB and no READ CAPACITY(16): " + words(sixteen));
    }
    if (blockBytes < 512 || Integer.bitCount(blockBytes) != 1) {
      throw new LoginException(
          where() + " has blocks of " + blockBytes + " bytes; a power of two from 512 is needed");
    }
    if (last < 0 || last >= Long.MAX_VALUE / blockBytes) {
      throw new LoginException(
          where()
              + " has "
              + Long.toUnsignedString(last)
              + " blocks and more: beyond all addresses");
    }
    return Geometry.of(blockBytes, last + 1, config.maxSectors(), unmap, product);
  }

  private String inquire() throws LoginException {
    byte[] data = expectGood("INQUIRY", Cdb.inquiry(INQUIRY_BYTES), INQUIRY_BYTES).dataIn;
    int qualifier = (data[0] & 0xFF) >> 5;
    int type = data[0] & 0x1F;
    if (qualifier != 0) {
      throw new LoginException(where() + " does not exist; check lun");
    }
    if (type != 0) {
      throw new LoginException(
          where() + " is a device of type " + type + ", not a disk; check lun");
    }
    return new String(data, 8, 24, StandardCharsets.US_ASCII).strip().replaceAll("\\s+", " ");
  }

  private void awaitReady() throws LoginException {
    AdminCommand last = execute("TEST UNIT READY", Cdb.testUnitReady(), 0);
    for (int i = 0; i < READY_ATTEMPTS && last.status() != Verdict.GOOD; i++) {
      owner.await(() -> life.abort() != null, READY_PAUSE_NS);
      last = execute("TEST UNIT READY", Cdb.testUnitReady(), 0);
    }
    if (last.status() != Verdict.GOOD) {
      throw new LoginException(where() + " does not become ready: " + words(last));
    }
  }

  /**
   * Resets the logical unit, so that no write of a broken channel lands after one that is sent
   * again.
   */
  void resetUnit(EventLog log) throws LoginException {
    TaskCommand reset = engine.sendLunReset(channel);
    if (reset == null) {
      throw new LoginException(where() + ": LUN_RESET could not be sent");
    }
    owner.await(() -> reset.response() != TaskCommand.PENDING || isHopeless(), COMMAND_BOUND_NS);
    life.checkAbort();
    if (reset.response() == TaskCommand.PENDING) {
      throw new LoginException(where() + " did not answer LUN_RESET within 5 s");
    }
    if (reset.response() != 0) {
      // The single login ended the old channels; a target without the function has no better fence.
      log.warn(
          where()
              + " answered LUN_RESET with code "
              + reset.response()
              + "; relying on the single login as the fence");
    }
  }

  private AdminCommand expectGood(String what, byte[] cdb, int bytes) throws LoginException {
    AdminCommand command = execute(what, cdb, bytes);
    if (command.status() != Verdict.GOOD) {
      throw new LoginException(where() + ": " + what + " failed: " + words(command));
    }
    return command;
  }

  /** Executes a command; if the target has no room for it just now, again a little later. */
  private AdminCommand execute(String what, byte[] cdb, int bytes) throws LoginException {
    AdminCommand command = executeNow(what, cdb, bytes);
    for (int i = 0; i < BUSY_ATTEMPTS && isToTryAgain(command); i++) {
      owner.await(() -> life.abort() != null, BUSY_PAUSE_NS);
      command = executeNow(what, cdb, bytes);
    }
    return command;
  }

  private static boolean isToTryAgain(AdminCommand command) {
    return command.status() == Verdict.BUSY || command.status() == Verdict.TASK_SET_FULL;
  }

  /**
   * Executes a command; unit attentions, with which a target tells news, are taken note of and it
   * is sent again.
   */
  private AdminCommand executeNow(String what, byte[] cdb, int bytes) throws LoginException {
    AdminCommand command = executeOnce(what, cdb, bytes);
    for (int i = 0; i < ATTENTIONS && isUnitAttention(command); i++) {
      command = executeOnce(what, cdb, bytes);
    }
    return command;
  }

  private static boolean isUnitAttention(AdminCommand command) {
    return command.status() == Verdict.CHECK_CONDITION
        && command.sense() != Sense.NONE
        && Sense.key(command.sense()) == Sense.UNIT_ATTENTION;
  }

  private AdminCommand executeOnce(String what, byte[] cdb, int bytes) throws LoginException {
    AdminCommand command = new AdminCommand(cdb, bytes);
    life.checkAbort();
    if (clock.getAsLong() - begunNs > WHOLE_BOUND_NS) {
      throw new LoginException(
          where()
              + ": discovery took longer than "
              + TimeUnit.NANOSECONDS.toSeconds(WHOLE_BOUND_NS)
              + " s");
    }
    if (!engine.sendAdmin(channel, command)) {
      throw new LoginException(where() + ": " + what + " could not be sent" + because());
    }
    owner.await(() -> command.isDone() || isHopeless(), COMMAND_BOUND_NS);
    life.checkAbort();
    if (!command.isDone()) {
      String why = channel.broken();
      throw new LoginException(
          where() + ": " + what + " was not answered" + (why == null ? " within 5 s" : ": " + why));
    }
    return command;
  }

  private boolean isHopeless() {
    return life.abort() != null || channel.broken() != null;
  }

  private String because() {
    String why = channel.broken();
    return why == null ? "" : ": " + why;
  }

  private static String words(AdminCommand command) {
    return command.status() == Verdict.CHECK_CONDITION
        ? Sense.describe(command.sense())
        : "SCSI status " + Integer.toHexString(command.status()) + "h";
  }

  private String where() {
    return config.describeTarget();
  }
}
