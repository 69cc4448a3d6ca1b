// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.io.DatagramIo;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.PeerAddress;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.internal.io.SendBatch;
import ib.transport.wire.Gids;
import ib.transport.wire.IcrcFlow;
import ib.transport.wire.Wire;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectableChannel;
import org.jspecify.annotations.Nullable;

/**
 * UDP datagrams of RoCEv2 in Ethernet frames that are put together and taken apart here: a host of
 * its own on a link, with one address. Everybody is expected on the link; there are no routes.
 *
 * <p>Its IPv4 packets carry Don't-Fragment and an Identification of their own each, and show the
 * Identification of those received.
 */
public final class EthernetIo implements DatagramIo {
  /** What a frame has before the UDP payload, at most. */
  static final int OVERHEAD = Frames.LENGTH + Ipv6.LENGTH + Frames.UDP_BYTES;

  private static final int LOOPED_FRAMES = 512;

  private final EnumCounters<IoCounter> counters = new EnumCounters<>(IoCounter.class);
  private final InetSocketAddress address;
  private final boolean ipv6;
  private final long high;
  private final long low;
  private final long mac;
  private final int trafficClass;
  private final FrameLink link;
  private final SendBatch batch;
  private final Resolver resolver;
  private final Memberships memberships;
  private final FrameQueue looped;
  private boolean closed;

  private EthernetIo(InetAddress ip, long mac, FrameLink link, DatagramIoOptions options) {
    this.address = new InetSocketAddress(ip, IcrcFlow.ROCE_PORT);
    this.high = Gids.high(ip);
    this.low = Gids.low(ip);
    this.ipv6 = !Gids.isV4(high, low);
    this.mac = mac;
    this.trafficClass = options.trafficClass();
    this.link = link;
    this.batch = SendBatch.numbered(options.sendPackets(), options.maxPacketBytes());
    int longest = options.maxPacketBytes() + OVERHEAD;
    Station self = new Station(high, low, mac);
    this.resolver = new Resolver(self, link, counters, longest);
    this.memberships = new Memberships(self, link, counters);
    this.looped = new FrameQueue(LOOPED_FRAMES, longest);
  }

  /**
   * Opens a host on a link.
   *
   * @param ip its address, no interface of this machine
   * @param guid its hardware address is the one in this EUI-64
   * @param options sizes for UDP payloads, as for a socket
   * @throws DatagramIoOpenException if the link can't be opened now, with reason and remedy
   */
  public static EthernetIo open(
      InetAddress ip, long guid, LinkAddress to, Faults faults, DatagramIoOptions options)
      throws DatagramIoOpenException {
    DatagramIoOptions frames =
        options
            .withTrafficClass(0)
            .withSendBatch(options.sendPackets(), options.maxPacketBytes() + OVERHEAD);
    FrameLink link = to.open(frames);
    FrameLink used = faults.isNone() ? link : new FaultyLink(link, faults, frames);
    return new EthernetIo(ip, Frames.ofGuid(guid), used, options);
  }

  @Override
  public int fd() {
    return link.fd();
  }

  @Override
  public @Nullable SelectableChannel channel() {
    return link.channel();
  }

  @Override
  public boolean wantsWrite() {
    return link.wantsWrite();
  }

  @Override
  public InetSocketAddress localAddress() {
    return address;
  }

  @Override
  public String description() {
    return "ethernet " + Frames.text(mac) + " on " + link.description();
  }

  @Override
  public int receiveBufferBytes() {
    return link.receiveBufferBytes();
  }

  @Override
  public int sendBufferBytes() {
    return link.sendBufferBytes();
  }

  @Override
  public boolean offloadsSends() {
    return false;
  }

  @Override
  public boolean offloadsReceives() {
    return false;
  }

  @Override
  public void onTurn(long nowNs) throws IOException {
    link.onTurn(nowNs);
    resolver.onTurn(nowNs);
    memberships.onTurn(nowNs);
  }

  @Override
  public long nextDeadlineNs() {
    long deadlineNs = Math.min(resolver.nextDeadlineNs(), link.nextDeadlineNs());
    return looped.isEmpty() ? Math.min(deadlineNs, memberships.nextDeadlineNs()) : resolver.nowNs();
  }

  /**
   * Takes what is sent to a multicast group from now on, and tells routers and switches so in the
   * next turn. Such packets say in the {@link ReceiveBatch} what they were sent to.
   *
   * @param groupHigh GID of the group, of the host's family
   */
  public void join(long groupHigh, long groupLow) {
    memberships.join(groupHigh, groupLow);
  }

  /** Takes what is sent to a group no longer. */
  public void leave(long groupHigh, long groupLow) {
    memberships.leave(groupHigh, groupLow);
  }

  // Receiving.

  @Override
  public int receive(ReceiveBatch into) throws IOException {
    link.receive(into);
    while (!looped.isEmpty() && into.hasRoom()) {
      into.append(looped.memory(), looped.headOffset(), looped.headLength());
      looped.removeHead();
    }
    into.rewind();
    while (into.next()) {
      if (!takes(into)) {
        into.drop();
      }
    }
    into.rewind();
    if (link.sendBatch().queued() > 0) {
      link.flush();
    }
    return into.packets();
  }

  /** Whether a frame holds a datagram for the port; everything else is dealt with. */
  private boolean takes(ReceiveBatch frame) {
    MemorySegment seg = frame.memory();
    long off = frame.offset();
    int length = frame.length() - Frames.LENGTH;
    if (length < 0) {
      counters.add(IoCounter.RX_MALFORMED, 1);
      return false;
    }
    long to = Frames.destination(seg, off);
    if (to != mac && !memberships.takes(to)) {
      counters.add(IoCounter.RX_IGNORED, 1);
      return false;
    }
    return switch (Frames.type(seg, off)) {
      case Frames.ARP -> {
        resolver.onArp(seg, off, length);
        yield false;
      }
      case Frames.IPV4 -> takesIpv4(frame, seg, off, length);
      case Frames.IPV6 -> takesIpv6(frame, seg, off, length);
      default -> ignored();
    };
  }

  private boolean ignored() {
    counters.add(IoCounter.RX_IGNORED, 1);
    return false;
  }

  private boolean malformed() {
    counters.add(IoCounter.RX_MALFORMED, 1);
    return false;
  }

  private boolean takesIpv4(ReceiveBatch frame, MemorySegment seg, long off, int length) {
    long ip = off + Frames.LENGTH;
    if (memberships.onIpv4(seg, ip, length)) {
      return false;
    }
    if (length < Ipv4.LENGTH || !Ipv4.isValid(seg, ip)) {
      return malformed();
    }
    int total = Ipv4.totalLength(seg, ip);
    if (total < Ipv4.LENGTH || total > length) {
      return malformed();
    }
    long to = Gids.v4Low(Ipv4.destination(seg, ip));
    boolean group = to != low;
    if (ipv6 || (group && !memberships.has(0, to))) {
      return ignored();
    }
    int source = Ipv4.source(seg, ip);
    if (!Ipv4.isSender(source)) {
      return malformed();
    }
    if (Ipv4.isFragment(seg, ip)) {
      counters.add(IoCounter.RX_FRAGMENTS, 1);
      return false;
    }
    int protocol = Ipv4.protocol(seg, ip);
    if (protocol == Ipv4.ICMP && !group) {
      if (isFromOneToUs(seg, off)) {
        Echo.answerIpv4(seg, off, total, link);
      }
      return false;
    }
    if (protocol != Ipv4.UDP) {
      return ignored();
    }
    int udp = Frames.LENGTH + Ipv4.LENGTH;
    if (!takesUdp(seg, off + udp, total - Ipv4.LENGTH)) {
      return false;
    }
    frame.setSource(false, 0, Integer.toUnsignedLong(source), Wire.u16(seg, off + udp));
    if (group) {
      frame.setGroup(0, to);
    }
    frame.narrow(
        udp + Frames.UDP_BYTES,
        total - Ipv4.LENGTH - Frames.UDP_BYTES,
        Ipv4.identification(seg, ip),
        Ipv4.trafficClass(seg, ip));
    return true;
  }

  private boolean takesIpv6(ReceiveBatch frame, MemorySegment seg, long off, int length) {
    long ip = off + Frames.LENGTH;
    if (length < Ipv6.LENGTH || !Ipv6.isValid(seg, ip)) {
      return malformed();
    }
    int payload = Ipv6.payloadLength(seg, ip);
    if (payload > length - Ipv6.LENGTH) {
      return malformed();
    }
    if (Gids.isMulticast(Ipv6.sourceHigh(seg, ip), Ipv6.sourceLow(seg, ip))) {
      return malformed();
    }
    int next = Ipv6.nextHeader(seg, ip);
    if (ipv6 && next == MembershipMessages.HOP_BY_HOP) {
      memberships.onHopByHop(seg, ip, payload);
      return false;
    }
    if (ipv6 && next == Ipv4.ICMPV6) {
      if (!resolver.onIcmp(seg, off, payload)
          && isFromOneToUs(seg, off)
          && Ipv6.isSender(Ipv6.sourceHigh(seg, ip), Ipv6.sourceLow(seg, ip))) {
        Echo.answerIpv6(seg, off, payload, high, low, link);
      }
      return false;
    }
    long toHigh = Ipv6.destinationHigh(seg, ip);
    long toLow = Ipv6.destinationLow(seg, ip);
    boolean group = toHigh != high || toLow != low;
    if (!ipv6 || next != Ipv4.UDP || (group && !memberships.has(toHigh, toLow))) {
      return ignored();
    }
    if (!Ipv6.isSender(Ipv6.sourceHigh(seg, ip), Ipv6.sourceLow(seg, ip))) {
      return malformed();
    }
    int udp = Frames.LENGTH + Ipv6.LENGTH;
    if (!takesUdp(seg, off + udp, payload)) {
      return false;
    }
    frame.setSource(
        true, Ipv6.sourceHigh(seg, ip), Ipv6.sourceLow(seg, ip), Wire.u16(seg, off + udp));
    if (group) {
      frame.setGroup(toHigh, toLow);
    }
    frame.narrow(
        udp + Frames.UDP_BYTES,
        payload - Frames.UDP_BYTES,
        ReceiveBatch.ID_UNKNOWN,
        Ipv6.trafficClass(seg, ip));
    return true;
  }

  /**
   * Whether a frame may be answered: or one to all would have as many answers, or one go to all.
   */
  private boolean isFromOneToUs(MemorySegment seg, long off) {
    return Frames.destination(seg, off) == mac && !Frames.isGroup(Frames.source(seg, off));
  }

  /** The checksum is not looked at: the ICRC covers more, and peers send none. */
  private boolean takesUdp(MemorySegment seg, long udp, int length) {
    if (length < Frames.UDP_BYTES || Wire.u16(seg, udp + 4) != length) {
      return malformed();
    }
    return Wire.u16(seg, udp + 2) == IcrcFlow.ROCE_PORT || ignored();
  }

  // Sending.

  @Override
  public SendBatch sendBatch() {
    return batch;
  }

  @Override
  public int flush() throws IOException {
    int done = 0;
    while (done < batch.queued() && link.sendBatch().hasRoom()) {
      send(done);
      done++;
    }
    batch.remove(done);
    link.flush();
    return done;
  }

  private void send(int i) {
    PeerAddress to = batch.destination(i);
    long toHigh = to.isIpv6() ? to.v6High() : 0;
    long toLow = to.isIpv6() ? to.v6Low() : Gids.v4Low(to.v4());
    if (to.isIpv6() != ipv6) {
      counters.add(IoCounter.TX_UNREACHABLE, 1);
    } else if (toHigh == high && toLow == low) {
      sendToSelf(i);
    } else {
      long group = Frames.groupMac(toHigh, toLow);
      if (group != 0) {
        if (memberships.has(toHigh, toLow) && !looped.isFull()) {
          // As sockets have it: who belongs to the group hears himself.
          looped.add(compose(i, group, toHigh, toLow, looped.memory(), looped.tail()));
        }
        sendOut(i, group, toHigh, toLow);
        return;
      }
      Neighbour neighbour = resolver.use(toHigh, toLow);
      if (neighbour.mac != 0) {
        sendOut(i, neighbour.mac, toHigh, toLow);
      } else {
        sendLater(i, neighbour);
      }
    }
  }

  private void sendToSelf(int i) {
    if (looped.isFull()) {
      counters.add(IoCounter.TX_NO_BUFFERS, 1);
    } else {
      looped.add(compose(i, mac, high, low, looped.memory(), looped.tail()));
      sent(i);
    }
  }

  private void sendOut(int i, long toMac, long toHigh, long toLow) {
    SendBatch frames = link.sendBatch();
    int length = compose(i, toMac, toHigh, toLow, frames.memory(), frames.position());
    frames.add(link.peer(), length);
    sent(i);
  }

  private void sendLater(int i, Neighbour neighbour) {
    WaitingFrames waiting = resolver.waiting();
    long place = waiting.place(neighbour);
    if (place < 0) {
      counters.add(IoCounter.TX_UNRESOLVED, 1);
      return;
    }
    int length = compose(i, 0, neighbour.high, neighbour.low, waiting.memory(), place);
    waiting.add(neighbour, place, length);
    sent(i);
  }

  private void sent(int i) {
    counters.add(IoCounter.TX_PACKETS, 1);
    counters.add(IoCounter.TX_BYTES, batch.length(i));
  }

  /** Writes a whole frame; gives its length. */
  private int compose(int i, long toMac, long toHigh, long toLow, MemorySegment seg, long off) {
    int udpBytes = Frames.UDP_BYTES + batch.length(i);
    long ip = off + Frames.LENGTH;
    long udp;
    if (ipv6) {
      Frames.write(seg, off, toMac, mac, Frames.IPV6);
      Ipv6.write(seg, ip, trafficClass, udpBytes, Ipv4.UDP, Ipv6.HOPS);
      Ipv6.source(seg, ip, high, low);
      Ipv6.destination(seg, ip, toHigh, toLow);
      udp = ip + Ipv6.LENGTH;
    } else {
      Frames.write(seg, off, toMac, mac, Frames.IPV4);
      int total = Ipv4.LENGTH + udpBytes;
      int id = batch.identification(i);
      Ipv4.write(seg, ip, trafficClass, total, id, Ipv4.UDP, (int) low, (int) toLow);
      udp = ip + Ipv4.LENGTH;
    }
    Wire.u16(seg, udp, IcrcFlow.ROCE_PORT);
    Wire.u16(seg, udp + 2, IcrcFlow.ROCE_PORT);
    Wire.u16(seg, udp + 4, udpBytes);
    Wire.u16(seg, udp + 6, 0);
    if (!batch.copyTo(seg, udp + Frames.UDP_BYTES, i)) {
      counters.add(IoCounter.TX_PAYLOAD_GONE, 1);
    }
    return (int) (udp - off) + udpBytes;
  }

  // The rest.

  @Override
  public long counter(IoCounter counter) {
    return switch (counter) {
      case TX_WOULD_BLOCK,
          TX_TOO_LONG,
          TX_NO_BUFFERS,
          TX_OTHER_ERRORS,
          RX_TRUNCATED,
          RX_ERRORS,
          RX_IGNORED ->
          counters.get(counter) + link.counter(counter);
      default -> counters.get(counter);
    };
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      batch.clear();
      link.close();
    }
  }

  @Override
  public String toString() {
    return "RoCEv2 " + address.getAddress().getHostAddress() + " (" + description() + ")";
  }
}
