// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import org.jspecify.annotations.Nullable;

/**
 * Packet opcodes: transport in the top three bits, operation in the low five (specification 9.2.1),
 * and what follows the {@link Bth} of each.
 *
 * <p>All questions are answered from one table lookup; an unknown opcode answers "no" to all and
 * has header length 0. The opcode argument is any int; only its low eight bits count.
 */
public final class Opcode {
  /** Transport bits: reliable connection. */
  public static final int RC = 0x00;

  /** Transport bits: unreliable connection. */
  public static final int UC = 0x20;

  /** Transport bits: unreliable datagram. */
  public static final int UD = 0x60;

  /** Mask of the transport bits. */
  public static final int TRANSPORT_MASK = 0xE0;

  /** Mask of the operation bits. */
  public static final int OPERATION_MASK = 0x1F;

  // Operations, also the RC opcodes because the transport bits of RC are zero.

  /** SEND, first packet. */
  public static final int SEND_FIRST = 0x00;

  /** SEND, middle packet. */
  public static final int SEND_MIDDLE = 0x01;

  /** SEND, last packet. */
  public static final int SEND_LAST = 0x02;

  /** SEND, last packet, with immediate data. */
  public static final int SEND_LAST_IMM = 0x03;

  /** SEND, only packet. */
  public static final int SEND_ONLY = 0x04;

  /** SEND, only packet, with immediate data. */
  public static final int SEND_ONLY_IMM = 0x05;

  /** RDMA WRITE, first packet. */
  public static final int WRITE_FIRST = 0x06;

  /** RDMA WRITE, middle packet. */
  public static final int WRITE_MIDDLE = 0x07;

  /** RDMA WRITE, last packet. */
  public static final int WRITE_LAST = 0x08;

  /** RDMA WRITE, last packet, with immediate data. */
  public static final int WRITE_LAST_IMM = 0x09;

  /** RDMA WRITE, only packet. */
  public static final int WRITE_ONLY = 0x0A;

  /** RDMA WRITE, only packet, with immediate data. */
  public static final int WRITE_ONLY_IMM = 0x0B;

  /** RDMA READ request. */
  public static final int READ_REQUEST = 0x0C;

  /** RDMA READ response, first packet. */
  public static final int READ_RESPONSE_FIRST = 0x0D;

  /** RDMA READ response, middle packet. */
  public static final int READ_RESPONSE_MIDDLE = 0x0E;

  /** RDMA READ response, last packet. */
  public static final int READ_RESPONSE_LAST = 0x0F;

  /** RDMA READ response, only packet. */
  public static final int READ_RESPONSE_ONLY = 0x10;

  /** Acknowledge, positive or negative. */
  public static final int ACK = 0x11;

  /** Acknowledge of an atomic, with the original value. */
  public static final int ATOMIC_ACK = 0x12;

  /** Atomic compare and swap. */
  public static final int COMPARE_SWAP = 0x13;

  /** Atomic fetch and add. */
  public static final int FETCH_ADD = 0x14;

  /** SEND, last packet, with a key to invalidate. */
  public static final int SEND_LAST_INV = 0x16;

  /** SEND, only packet, with a key to invalidate. */
  public static final int SEND_ONLY_INV = 0x17;

  /** FLUSH (annex A19). */
  public static final int FLUSH = 0x1C;

  /** ATOMIC WRITE of eight bytes (annex A19). */
  public static final int ATOMIC_WRITE = 0x1D;

  /** UC SEND, only packet. */
  public static final int UC_SEND_ONLY = UC | SEND_ONLY;

  /** UD SEND. */
  public static final int UD_SEND_ONLY = UD | SEND_ONLY;

  /** UD SEND with immediate data. */
  public static final int UD_SEND_ONLY_IMM = UD | SEND_ONLY_IMM;

  /** Congestion notification packet (annex A17). */
  public static final int CNP = 0x81;

  /** Reserved bytes that follow the {@link Bth} of a congestion notification packet. */
  public static final int CNP_RESERVED_BYTES = 16;

  private static final int LENGTH_MASK = 0xFF;
  private static final int FIRST = 1 << 8;
  private static final int MIDDLE = 1 << 9;
  private static final int LAST = 1 << 10;
  private static final int ONLY = 1 << 11;
  private static final int SEND = 1 << 12;
  private static final int WRITE = 1 << 13;
  private static final int READ_RESPONSE = 1 << 14;
  private static final int RETH = 1 << 15;
  private static final int AETH = 1 << 16;
  private static final int IMM = 1 << 17;
  private static final int IETH = 1 << 18;
  private static final int ATOMIC_ETH = 1 << 19;
  private static final int ATOMIC_ACK_ETH = 1 << 20;
  private static final int DETH = 1 << 21;
  private static final int FETH = 1 << 22;
  private static final int PAYLOAD = 1 << 23;
  private static final int RESPONSE = 1 << 24;
  private static final int REQUEST = 1 << 25;

  private static final int[] TABLE = new int[256];
  private static final @Nullable String[] NAMES = new String[256];

  static {
    int send = SEND | REQUEST | PAYLOAD;
    int write = WRITE | REQUEST | PAYLOAD;
    for (int t = RC; t <= UC; t += UC) {
      define(t | SEND_FIRST, "SEND_FIRST", send | FIRST);
      define(t | SEND_MIDDLE, "SEND_MIDDLE", send | MIDDLE);
      define(t | SEND_LAST, "SEND_LAST", send | LAST);
      define(t | SEND_LAST_IMM, "SEND_LAST_IMM", send | LAST | IMM);
      define(t | SEND_ONLY, "SEND_ONLY", send | ONLY);
      define(t | SEND_ONLY_IMM, "SEND_ONLY_IMM", send | ONLY | IMM);
      define(t | WRITE_FIRST, "WRITE_FIRST", write | FIRST | RETH);
      define(t | WRITE_MIDDLE, "WRITE_MIDDLE", write | MIDDLE);
      define(t | WRITE_LAST, "WRITE_LAST", write | LAST);
      define(t | WRITE_LAST_IMM, "WRITE_LAST_IMM", write | LAST | IMM);
      define(t | WRITE_ONLY, "WRITE_ONLY", write | ONLY | RETH);
      define(t | WRITE_ONLY_IMM, "WRITE_ONLY_IMM", write | ONLY | RETH | IMM);
    }
    int readResponse = READ_RESPONSE | RESPONSE | PAYLOAD;
    define(READ_REQUEST, "READ_REQUEST", REQUEST | ONLY | RETH);
    define(READ_RESPONSE_FIRST, "READ_RESPONSE_FIRST", readResponse | FIRST | AETH);
    define(READ_RESPONSE_MIDDLE, "READ_RESPONSE_MIDDLE", readResponse | MIDDLE);
    define(READ_RESPONSE_LAST, "READ_RESPONSE_LAST", readResponse | LAST | AETH);
    define(READ_RESPONSE_ONLY, "READ_RESPONSE_ONLY", readResponse | ONLY | AETH);
    define(ACK, "ACK", RESPONSE | ONLY | AETH);
    define(ATOMIC_ACK, "ATOMIC_ACK", RESPONSE | ONLY | AETH | ATOMIC_ACK_ETH);
    define(COMPARE_SWAP, "COMPARE_SWAP", REQUEST | ONLY | ATOMIC_ETH);
    define(FETCH_ADD, "FETCH_ADD", REQUEST | ONLY | ATOMIC_ETH);
    define(SEND_LAST_INV, "SEND_LAST_INV", send | LAST | IETH);
    define(SEND_ONLY_INV, "SEND_ONLY_INV", send | ONLY | IETH);
    define(FLUSH, "FLUSH", REQUEST | ONLY | FETH | RETH);
    define(ATOMIC_WRITE, "ATOMIC_WRITE", REQUEST | ONLY | RETH | PAYLOAD);
    define(UD_SEND_ONLY, "SEND_ONLY", send | ONLY | DETH);
    define(UD_SEND_ONLY_IMM, "SEND_ONLY_IMM", send | ONLY | DETH | IMM);
    define(CNP, "CNP", ONLY);
  }

  private Opcode() {}

  private static void define(int opcode, String operation, int flags) {
    int length = Bth.LENGTH;
    length += (flags & DETH) != 0 ? Deth.LENGTH : 0;
    length += (flags & FETH) != 0 ? Feth.LENGTH : 0;
    length += (flags & RETH) != 0 ? Reth.LENGTH : 0;
    length += (flags & ATOMIC_ETH) != 0 ? AtomicEth.LENGTH : 0;
    length += (flags & AETH) != 0 ? Aeth.LENGTH : 0;
    length += (flags & ATOMIC_ACK_ETH) != 0 ? AtomicAckEth.LENGTH : 0;
    length += (flags & IMM) != 0 ? ImmDt.LENGTH : 0;
    length += (flags & IETH) != 0 ? Ieth.LENGTH : 0;
    length += opcode == CNP ? CNP_RESERVED_BYTES : 0;
    TABLE[opcode] = flags | length;
    String transport =
        switch (opcode & TRANSPORT_MASK) {
          case RC -> "RC_";
          case UC -> "UC_";
          case UD -> "UD_";
          default -> "";
        };
    NAMES[opcode] = transport + operation;
  }

  private static boolean has(int opcode, int flag) {
    return (TABLE[opcode & 0xFF] & flag) != 0;
  }

  /** Whether the opcode is one of those above. */
  public static boolean isKnown(int opcode) {
    return TABLE[opcode & 0xFF] != 0;
  }

  /** Bytes of {@link Bth} and extended headers, up to the payload; 0 for an unknown opcode. */
  public static int headerLength(int opcode) {
    return TABLE[opcode & 0xFF] & LENGTH_MASK;
  }

  /** {@link #RC}, {@link #UC}, {@link #UD} or whatever else the top three bits say. */
  public static int transport(int opcode) {
    return opcode & TRANSPORT_MASK;
  }

  /** The operation: the opcode without its transport bits. */
  public static int operation(int opcode) {
    return opcode & OPERATION_MASK;
  }

  /** First packet of several. */
  public static boolean isFirst(int opcode) {
    return has(opcode, FIRST);
  }

  /** Neither first nor last of several packets. */
  public static boolean isMiddle(int opcode) {
    return has(opcode, MIDDLE);
  }

  /** Last packet of several. */
  public static boolean isLast(int opcode) {
    return has(opcode, LAST);
  }

  /** The only packet of its message. */
  public static boolean isOnly(int opcode) {
    return has(opcode, ONLY);
  }

  /** The packet begins a message: first or only. */
  public static boolean isStart(int opcode) {
    return has(opcode, FIRST | ONLY);
  }

  /** The packet ends a message: last or only. */
  public static boolean isEnd(int opcode) {
    return has(opcode, LAST | ONLY);
  }

  /** Part of a SEND, of any transport. */
  public static boolean isSend(int opcode) {
    return has(opcode, SEND);
  }

  /** Part of an RDMA WRITE. */
  public static boolean isWrite(int opcode) {
    return has(opcode, WRITE);
  }

  /** Part of an RDMA READ response. */
  public static boolean isReadResponse(int opcode) {
    return has(opcode, READ_RESPONSE);
  }

  /** Goes from requester to responder. */
  public static boolean isRequest(int opcode) {
    return has(opcode, REQUEST);
  }

  /** Goes from responder to requester: READ response, ACK or atomic ACK. */
  public static boolean isResponse(int opcode) {
    return has(opcode, RESPONSE);
  }

  /** Has a {@link Reth}. */
  public static boolean hasReth(int opcode) {
    return has(opcode, RETH);
  }

  /** Has an {@link Aeth}. */
  public static boolean hasAeth(int opcode) {
    return has(opcode, AETH);
  }

  /** Has {@link ImmDt}. */
  public static boolean hasImm(int opcode) {
    return has(opcode, IMM);
  }

  /** Has an {@link Ieth}. */
  public static boolean hasIeth(int opcode) {
    return has(opcode, IETH);
  }

  /** Has an {@link AtomicEth}. */
  public static boolean hasAtomicEth(int opcode) {
    return has(opcode, ATOMIC_ETH);
  }

  /** Has an {@link AtomicAckEth}. */
  public static boolean hasAtomicAckEth(int opcode) {
    return has(opcode, ATOMIC_ACK_ETH);
  }

  /** Has a {@link Deth}. */
  public static boolean hasDeth(int opcode) {
    return has(opcode, DETH);
  }

  /** Has a {@link Feth}. */
  public static boolean hasFeth(int opcode) {
    return has(opcode, FETH);
  }

  /** May carry payload. */
  public static boolean hasPayload(int opcode) {
    return has(opcode, PAYLOAD);
  }

  /** Offset of the {@link Reth} from the {@link Bth}; meaningful where {@link #hasReth}. */
  public static int rethOffset(int opcode) {
    return has(opcode, FETH) ? Bth.LENGTH + Feth.LENGTH : Bth.LENGTH;
  }

  /** Offset of the {@link ImmDt} or {@link Ieth} from the {@link Bth}: always the last header. */
  public static int lastHeaderOffset(int opcode) {
    return headerLength(opcode) - ImmDt.LENGTH;
  }

  /** The name, such as {@code RC_SEND_ONLY}, or the number in hexadecimal where it is unknown. */
  public static String name(int opcode) {
    String name = NAMES[opcode & 0xFF];
    return name == null ? "0x" + Integer.toHexString(opcode & 0xFF) : name;
  }
}
