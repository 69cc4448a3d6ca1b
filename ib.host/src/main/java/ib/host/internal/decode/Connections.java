// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.decode;

import ib.srp.SrpCheck;
import ib.transport.wire.Bth;
import ib.transport.wire.Opcode;
import ib.transport.wire.PacketCopy;
import ib.transport.wire.Psn;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the CM messages of a capture said about its RC connections, so that SENDs can be told to
 * carry SRP.
 *
 * <p>An end of a connection is an address and a queue pair number: packets to it name both. It
 * carries SRP if the REQ held an SRP login request (see {@link CmDecoder}); this also tells the
 * offset of immediate data. It does not if the REQ held none. An end of which the capture shows no
 * CM messages is judged by its SENDs: a payload that is, exactly to its last byte, an SRP unit is
 * printed as one.
 *
 * <p>Bounded: the ends longest not heard of are forgotten, and then judged by their SENDs.
 */
final class Connections {
  private static final int MAX_ENDS = 4096;
  private static final int MAX_UNIT_BYTES = 1 << 14;

  /** What is known of a connection from its REQ, until REP or REJ says more. */
  record Request(boolean srp, int immediateOffset) {}

  private static <V> Map<String, V> bounded() {
    return new LinkedHashMap<>(64, 0.75f, true) {
      private static final long serialVersionUID = 1L;

      @Override
      protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
        return size() > MAX_ENDS;
      }
    };
  }

  private final Map<String, Peer> peers = bounded();
  private final Map<String, Request> requests = bounded();

  /** Notes a REQ: {@code qpn} at {@code address} is one end of a connection. */
  void request(String address, int commId, int qpn, Request request) {
    requests.put(address + " " + commId, request);
    peers.put(address + "/" + qpn, new Peer(request));
  }

  /** The REQ that {@code address} sent with {@code commId}, if the capture has it. */
  @Nullable Request requestOf(String address, int commId) {
    return requests.get(address + " " + commId);
  }

  /** Notes a REP: {@code qpn} at {@code address} is the other end. */
  void reply(String address, int qpn, Request request) {
    peers.put(address + "/" + qpn, new Peer(request));
  }

  /** The end that packets to this address and queue pair number reach. */
  Peer peer(String address, int qpn) {
    return peers.computeIfAbsent(address + "/" + qpn, _ -> new Peer(null));
  }

  /** One end of a connection, and the SEND of several packets that is on its way to it. */
  static final class Peer {
    private final @Nullable Request request;
    private @Nullable MemorySegment unit;
    private int unitLength;
    private int nextPsn;

    Peer(@Nullable Request request) {
      this.request = request;
    }

    /**
     * Prints the SRP unit that a SEND packet carries or completes, and encodes it again into the
     * packet's copy.
     *
     * @param copy the encoded packet, its BTH at 0
     * @return what is wrong, or null
     */
    @Nullable String send(
        MemorySegment seg, int at, int length, MemorySegment copy, StringBuilder line) {
      if (request != null && !request.srp()) {
        return null;
      }
      int opcode = Bth.opcode(seg, at);
      int header = Opcode.headerLength(opcode);
      int payload = PacketCopy.payloadLength(seg, at, length);
      if (Opcode.isOnly(opcode)) {
        unit = null;
        print(seg, at + header, payload, copy, header, line);
        return null;
      }
      gather(seg, at, header, payload);
      MemorySegment whole = unit;
      if (whole == null || !Opcode.isLast(opcode)) {
        return null;
      }
      unit = null;
      MemorySegment again = MemorySegment.ofArray(new byte[unitLength]);
      if (!print(whole, 0, unitLength, again, 0, line)) {
        return null;
      }
      // The part in this packet is taken from the unit that was encoded again.
      MemorySegment.copy(again, unitLength - payload, copy, header, payload);
      return again.mismatch(whole.asSlice(0, unitLength)) < 0
          ? null
          : "SRP unit differs when encoded again";
    }

    /** Adds a packet to the unit that is being put together; one out of order ends it. */
    private void gather(MemorySegment seg, int at, int header, int payload) {
      int psn = Bth.psn(seg, at);
      if (Opcode.isFirst(Bth.opcode(seg, at))) {
        unit = MemorySegment.ofArray(new byte[MAX_UNIT_BYTES]);
        unitLength = 0;
      } else if (psn != nextPsn) {
        unit = null;
      }
      nextPsn = Psn.next(psn);
      MemorySegment target = unit;
      if (target == null || unitLength + payload > MAX_UNIT_BYTES) {
        unit = null;
        return;
      }
      MemorySegment.copy(seg, at + header, target, unitLength, payload);
      unitLength += payload;
    }

    private int immediateOffset() {
      return request == null ? SrpCheck.NO_IMMEDIATE_DATA : request.immediateOffset();
    }

    /** Prints a unit and encodes it again; false, with nothing encoded, if the bytes are none. */
    private boolean print(
        MemorySegment seg,
        long off,
        int length,
        MemorySegment copy,
        long copyOff,
        StringBuilder line) {
      String fault = SrpCheck.check(seg, off, length, immediateOffset());
      if (request == null && (fault != null || !SrpCopy.isExact(seg, off, length))) {
        return false;
      }
      line.append(" | ");
      if (fault != null) {
        line.append("malformed SRP unit: ").append(fault);
        return false;
      }
      SrpText.append(seg, off, line);
      SrpCopy.copy(seg, off, length, copy, copyOff, immediateOffset());
      return true;
    }
  }
}
