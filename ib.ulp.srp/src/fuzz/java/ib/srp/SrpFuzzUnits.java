// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;

/**
 * Information units that somebody hostile may send: valid ones of every kind, most of them wrong in
 * one thing. For the tests of both sides.
 */
public final class SrpFuzzUnits {
  /** Longest unit. */
  public static final int LONGEST_BYTES = 2048;

  private static final int[] CDB_OPCODES = {
    0x00, 0x03, 0x12, 0x1A, 0x25, 0x28, 0x2A, 0x2F, 0x35, 0x41, 0x42, 0x5A, 0x88, 0x8A, 0x91, 0x93,
    0x9E, 0xA0
  };
  private static final int[] FUNCTIONS = {
    SrpTskMgmt.ABORT_TASK,
    SrpTskMgmt.ABORT_TASK_SET,
    SrpTskMgmt.CLEAR_TASK_SET,
    SrpTskMgmt.LUN_RESET,
    SrpTskMgmt.CLEAR_ACA
  };
  private static final int[] OPCODES = {0, 1, 2, 3, 0x41, 0x42, 0x80, 0x81, 0x82, 0xC0, 0xC1, 0xC2};

  private static final int FIXED_BYTES = 16;

  private final Random random;

  /** Memory that descriptors of valid commands name. */
  private final long base;

  private final int key;
  private final int memoryBytes;

  /**
   * Makes units.
   *
   * @param random where chance comes from
   * @param base address of memory that descriptors name
   * @param key its remote key
   * @param memoryBytes its size
   */
  public SrpFuzzUnits(Random random, long base, int key, int memoryBytes) {
    this.random = random;
    this.base = base;
    this.key = key;
    this.memoryBytes = memoryBytes;
  }

  /** What an initiator may send on an established channel. */
  public byte[] ofInitiator(long tag, long otherTag) {
    byte[] bytes =
        switch (random.nextInt(16)) {
          case 0, 1, 2 -> task(tag, otherTag);
          case 3 -> response(SrpCred.LENGTH, 0x41, tag);
          case 4 -> response(SrpAerRsp.LENGTH, 0x42, tag);
          case 5 -> one(8) ? response(16, SrpOpcode.I_LOGOUT, tag) : ofTarget(tag);
          default -> command(tag);
        };
    return one(2) ? bytes : mutate(bytes);
  }

  /** A command or task management request that ends before its fixed part does. */
  public byte[] tooShort(long tag) {
    byte[] bytes = one(2) ? command(tag) : task(tag, tag);
    return Arrays.copyOf(bytes, 1 + random.nextInt(SrpTskMgmt.LENGTH - 1));
  }

  /** What a target may send. */
  public byte[] ofTarget(long tag) {
    return switch (random.nextInt(8)) {
      case 0 -> withDelta(response(SrpCred.LENGTH, SrpOpcode.CRED_REQ, tag));
      case 1 -> withDelta(response(SrpAerReq.LENGTH + random.nextInt(40), SrpOpcode.AER_REQ, tag));
      case 2 -> one(16) ? response(16, SrpOpcode.T_LOGOUT, tag) : answer(tag);
      default -> answer(tag);
    };
  }

  /** What a target may send, wrong in most cases. */
  public byte[] wrongOfTarget(long tag) {
    byte[] bytes = ofTarget(tag);
    return one(4) ? bytes : mutate(bytes);
  }

  private boolean one(int in) {
    return random.nextInt(in) == 0;
  }

  private static byte[] response(int length, int opcode, long tag) {
    byte[] bytes = new byte[length];
    SrpIu.init(MemorySegment.ofArray(bytes), 0, FIXED_BYTES, opcode, tag);
    return bytes;
  }

  private byte[] withDelta(byte[] bytes) {
    int delta = one(4) ? random.nextInt() : random.nextInt(3);
    SrpCred.requestLimitDelta(MemorySegment.ofArray(bytes), 0, delta);
    return bytes;
  }

  private byte[] answer(long tag) {
    int response = one(2) ? 0 : 4 * random.nextInt(3);
    int sense = one(2) ? 0 : random.nextInt(40);
    byte[] bytes = new byte[SrpRsp.LENGTH + response + sense];
    MemorySegment unit = MemorySegment.ofArray(bytes);
    random.nextBytes(bytes);
    unit.asSlice(0, SrpRsp.LENGTH).fill((byte) 0);
    SrpRsp.init(unit, 0, tag);
    SrpRsp.requestLimitDelta(unit, 0, one(8) ? random.nextInt() : random.nextInt(2));
    int flags = (response > 0 ? SrpRsp.RESPONSE_VALID : 0) | (sense > 0 ? SrpRsp.SENSE_VALID : 0);
    SrpRsp.flags(unit, 0, flags | (one(4) ? random.nextInt(256) & ~3 : 0));
    SrpRsp.status(unit, 0, one(2) ? 0 : one(2) ? 2 : random.nextInt(256));
    SrpRsp.outResidual(unit, 0, one(4) ? random.nextInt() : 0);
    SrpRsp.inResidual(unit, 0, one(4) ? random.nextInt() : 0);
    SrpRsp.responseLength(unit, 0, response);
    SrpRsp.senseLength(unit, 0, sense);
    return bytes;
  }

  private byte[] task(long tag, long otherTag) {
    byte[] bytes = new byte[SrpTskMgmt.LENGTH];
    MemorySegment unit = MemorySegment.ofArray(bytes);
    SrpTskMgmt.init(unit, 0, tag);
    SrpTskMgmt.lun(unit, 0, lun());
    int function = one(8) ? random.nextInt(256) : FUNCTIONS[random.nextInt(FUNCTIONS.length)];
    SrpTskMgmt.function(unit, 0, function);
    SrpTskMgmt.taskTag(unit, 0, otherTag);
    return bytes;
  }

  private long lun() {
    return one(16) ? random.nextLong() : SrpLun.encode(random.nextInt(3));
  }

  private byte[] command(long tag) {
    byte[] bytes = new byte[LONGEST_BYTES];
    MemorySegment unit = MemorySegment.ofArray(bytes);
    SrpCmd.init(unit, 0, tag);
    SrpCmd.lun(unit, 0, lun());
    boolean out = one(2);
    int format = one(8) ? SrpBufferFormat.NONE : 1 + random.nextInt(2);
    int listed = format == SrpBufferFormat.INDIRECT ? 1 + random.nextInt(6) : 0;
    SrpCmd.formats(unit, 0, out ? format : 0, out ? 0 : format);
    SrpCmd.outCount(unit, 0, out ? listed : 0);
    SrpCmd.inCount(unit, 0, out ? 0 : listed);
    cdb(unit, out);
    long at = out ? SrpCmd.outDescriptor(unit, 0) : SrpCmd.inDescriptor(unit, 0);
    if (format == SrpBufferFormat.DIRECT) {
      descriptor(unit, at, length());
    } else if (format == SrpBufferFormat.INDIRECT) {
      indirect(unit, at, listed);
    }
    return Arrays.copyOf(bytes, SrpCmd.descriptorsEnd(unit, 0));
  }

  private void cdb(MemorySegment unit, boolean out) {
    byte[] cdb = new byte[16];
    int opcode = CDB_OPCODES[random.nextInt(CDB_OPCODES.length)];
    cdb[0] = (byte) (one(2) ? (out ? 0x2A : 0x28) : one(16) ? random.nextInt(256) : opcode);
    for (int i = 1; i < cdb.length; i++) {
      // Small numbers, so that addresses and lengths are often inside.
      cdb[i] = (byte) (one(12) ? random.nextInt(256) : (i == 5 || i == 8) ? random.nextInt(16) : 0);
    }
    MemorySegment.copy(
        cdb, 0, unit, java.lang.foreign.ValueLayout.JAVA_BYTE, SrpCmd.CDB_OFFSET, cdb.length);
  }

  private int length() {
    return one(8) ? random.nextInt() : one(4) ? random.nextInt(100_000) : 512 * random.nextInt(17);
  }

  private void descriptor(MemorySegment unit, long at, int bytes) {
    long va = one(32) ? random.nextLong() : base + random.nextInt(memoryBytes);
    SrpDirectBuf.write(unit, at, va, one(64) ? random.nextInt() : key, bytes & 0xFFFF_FFFFL);
  }

  private void indirect(MemorySegment unit, long at, int listed) {
    int entries = one(2) ? listed : listed + random.nextInt(200);
    descriptor(unit, SrpIndirectBuf.table(at), entries * SrpDirectBuf.LENGTH);
    long total = 0;
    for (int i = 0; i < listed; i++) {
      int bytes = one(16) ? length() : 512 * random.nextInt(5);
      descriptor(unit, SrpIndirectBuf.entry(at, i), bytes);
      total += bytes & 0xFFFF_FFFFL;
    }
    SrpIndirectBuf.totalLength(unit, at, one(8) ? random.nextInt() & 0xFFFF_FFFFL : total);
  }

  /** Damages a unit, or private data of a login: bits, bytes that matter, length. */
  public byte[] mutate(byte[] valid) {
    byte[] bytes = valid.clone();
    for (int n = 1 + random.nextInt(2); n > 0 && bytes.length > 0; n--) {
      switch (random.nextInt(6)) {
        case 0, 1 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes[random.nextInt(bytes.length)] = (byte) (one(2) ? 0xFF : random.nextInt());
        case 3 -> bytes[random.nextInt(Math.min(bytes.length, 40))] = (byte) random.nextInt();
        case 4 -> bytes[0] = (byte) (one(4) ? random.nextInt() : OPCODES[random.nextInt(12)]);
        default -> {
          int most = one(4) ? LONGEST_BYTES : bytes.length + 8;
          bytes = Arrays.copyOf(bytes, random.nextInt(most + 1));
        }
      }
    }
    return bytes;
  }
}
