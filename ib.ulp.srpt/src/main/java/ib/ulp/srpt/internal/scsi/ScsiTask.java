// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

import java.nio.ByteBuffer;

/**
 * One command on its way: the CDB in, what is to be done and the answer out. Reused; one thread at
 * a time.
 */
public final class ScsiTask {
  /** Longest CDB. */
  public static final int MAX_CDB_BYTES = 16;

  /** Most bytes of an answer that is not blocks. */
  public static final int MAX_REPLY_BYTES = 4096;

  /** What a command needs beyond its answer. */
  public enum Kind {
    /** Nothing: status only. */
    STATUS,
    /** The bytes of {@link #reply()} go to the initiator. */
    REPLY,
    /** Blocks go from the backing to the initiator. */
    READ_BLOCKS,
    /** Blocks go from the initiator to the backing. */
    WRITE_BLOCKS,
    /** The backing is flushed. */
    FLUSH
  }

  private final byte[] cdb = new byte[MAX_CDB_BYTES];
  private final ByteBuffer reply = ByteBuffer.allocate(MAX_REPLY_BYTES);
  private Kind kind = Kind.STATUS;
  private int status;
  private Sense sense = Sense.NONE;
  private long position;
  private long lengthBytes;
  private boolean forceUnitAccess;

  /** Creates an empty task. */
  public ScsiTask() {}

  /** Begins a new command; the CDB is to be filled afterwards. */
  public void begin() {
    kind = Kind.STATUS;
    status = ScsiStatus.GOOD;
    sense = Sense.NONE;
    position = 0;
    lengthBytes = 0;
    forceUnitAccess = false;
    reply.clear();
  }

  /**
   * The CDB.
   *
   * @return 16 bytes, to be filled
   */
  public byte[] cdb() {
    return cdb;
  }

  /**
   * Answer that is not blocks: from 0 to its limit once {@link #kind()} is REPLY.
   *
   * @return buffer
   */
  public ByteBuffer reply() {
    return reply;
  }

  /**
   * What is to be done.
   *
   * @return kind
   */
  public Kind kind() {
    return kind;
  }

  /**
   * SCSI status so far.
   *
   * @return {@link ScsiStatus}
   */
  public int status() {
    return status;
  }

  /**
   * Sense data with CHECK CONDITION.
   *
   * @return sense
   */
  public Sense sense() {
    return sense;
  }

  /**
   * First byte of a transfer of blocks.
   *
   * @return position in the backing
   */
  public long position() {
    return position;
  }

  /**
   * Length of a transfer of blocks.
   *
   * @return bytes
   */
  public long lengthBytes() {
    return lengthBytes;
  }

  /**
   * Whether a write must be durable before its status.
   *
   * @return FUA bit
   */
  public boolean forceUnitAccess() {
    return forceUnitAccess;
  }

  /**
   * Ends the command with CHECK CONDITION.
   *
   * @param why sense data
   */
  public void fail(Sense why) {
    kind = Kind.STATUS;
    status = ScsiStatus.CHECK_CONDITION;
    sense = why;
  }

  /**
   * Ends the command with another status.
   *
   * @param code {@link ScsiStatus}
   */
  public void end(int code) {
    kind = Kind.STATUS;
    status = code;
    sense = Sense.NONE;
  }

  /**
   * The blocks or the cache are where they belong: only the status, GOOD unless {@link #fail} said
   * otherwise, is left.
   */
  public void finish() {
    kind = Kind.STATUS;
  }

  void flush() {
    kind = Kind.FLUSH;
  }

  void transfer(boolean write, long from, long bytes, boolean fua) {
    kind = write ? Kind.WRITE_BLOCKS : Kind.READ_BLOCKS;
    position = from;
    lengthBytes = bytes;
    forceUnitAccess = fua;
  }

  /** Makes what was put into the reply the answer, cut to the allocation length. */
  void replyUpTo(long allocationLength) {
    reply.flip();
    reply.limit((int) Math.min(reply.limit(), allocationLength));
    kind = reply.limit() == 0 ? Kind.STATUS : Kind.REPLY;
  }

  int u8(int at) {
    return cdb[at] & 0xFF;
  }

  int u16(int at) {
    return u8(at) << 8 | u8(at + 1);
  }

  long u32(int at) {
    return (long) u16(at) << 16 | u16(at + 2);
  }

  long u64(int at) {
    return u32(at) << 32 | u32(at + 4);
  }
}
