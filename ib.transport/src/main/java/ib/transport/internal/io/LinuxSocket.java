// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import ib.transport.internal.posix.Errno;
import ib.transport.internal.posix.Posix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Opens a socket with the options of a {@link DatagramIo}, and says what was granted. */
final class LinuxSocket {
  private final Posix posix;
  private final MemorySegment scratch = Arena.ofAuto().allocate(64, 8);
  private final int fd;
  private final InetSocketAddress localAddress;
  private final boolean segments;
  private final boolean coalesces;

  /**
   * Opens a socket.
   *
   * @param group interface on which to join the multicast group that {@code address} is then; else
   *     null
   */
  LinuxSocket(
      Posix posix,
      InetSocketAddress address,
      DatagramIoOptions options,
      @Nullable NetworkInterface group)
      throws DatagramIoOpenException {
    this.posix = posix;
    boolean ipv6 = address.getAddress().getAddress().length == 16;
    int family = ipv6 ? Sockets.AF_INET6 : Sockets.AF_INET;
    int type = Sockets.SOCK_DGRAM | Sockets.SOCK_NONBLOCK | Sockets.SOCK_CLOEXEC;
    fd = posix.socket(family, type, Sockets.SOL_UDP);
    if (fd < 0) {
      throw OpenErrors.of(address, "socket", -fd);
    }
    try {
      if (ipv6) {
        setIpv6Options(address);
        require(address, Sockets.IPPROTO_IPV6, Sockets.IPV6_TCLASS, options.trafficClass());
      } else {
        require(address, Sockets.IPPROTO_IP, Sockets.IP_MTU_DISCOVER, Sockets.PMTUDISC_DO);
        require(address, Sockets.IPPROTO_IP, Sockets.IP_TOS, options.trafficClass());
        set(Sockets.IPPROTO_IP, Sockets.IP_RECVTOS, 1);
        if (group == null) {
          // What is sent to a group goes out where the socket is; the interface may have no
          // multicast.
          setBytes(Sockets.IPPROTO_IP, Sockets.IP_MULTICAST_IF, address.getAddress().getAddress());
        }
      }
      set(Sockets.SOL_SOCKET, Sockets.SO_RCVBUF, options.receiveBufferBytes());
      set(Sockets.SOL_SOCKET, Sockets.SO_SNDBUF, options.sendBufferBytes());
      // 0 asks for no segmentation of its own: only whether the kernel knows the option.
      segments = options.sendOffload() && set(Sockets.SOL_UDP, Sockets.UDP_SEGMENT, 0) >= 0;
      coalesces = options.receiveOffload() && set(Sockets.SOL_UDP, Sockets.UDP_GRO, 1) >= 0;
      if (group == null) {
        localAddress = bind(address, PeerAddress.of(address.getAddress(), 1).scopeId());
      } else {
        require(address, Sockets.SOL_SOCKET, Sockets.SO_REUSEADDR, 1);
        // Groups of the interface and the link are not unique without it.
        localAddress = bind(address, ipv6 ? group.getIndex() : 0);
        join(address, ipv6, group.getIndex());
      }
    } catch (DatagramIoOpenException e) {
      posix.close(fd);
      throw e;
    }
  }

  private void setIpv6Options(InetSocketAddress address) throws DatagramIoOpenException {
    require(address, Sockets.IPPROTO_IPV6, Sockets.IPV6_V6ONLY, 1);
    require(address, Sockets.IPPROTO_IPV6, Sockets.IPV6_MTU_DISCOVER, Sockets.PMTUDISC_DO);
    require(address, Sockets.IPPROTO_IPV6, Sockets.IPV6_DONTFRAG, 1);
    // RoCEv2 peers may send a UDP checksum of 0, which IPv6 otherwise forbids.
    require(address, Sockets.SOL_UDP, Sockets.UDP_NO_CHECK6_RX, 1);
    set(Sockets.IPPROTO_IPV6, Sockets.IPV6_RECVTCLASS, 1);
    NetworkInterface own = Interfaces.of(address.getAddress());
    if (own != null) {
      set(Sockets.IPPROTO_IPV6, Sockets.IPV6_MULTICAST_IF, own.getIndex());
    }
  }

  /** Joins the group, and no other that somebody else joins on this machine. */
  private void join(InetSocketAddress address, boolean ipv6, int interfaceIndex)
      throws DatagramIoOpenException {
    byte[] group = address.getAddress().getAddress();
    // struct ip_mreqn: multiaddr, address, ifindex; struct ipv6_mreq: multiaddr, ifindex
    ByteBuffer request =
        ByteBuffer.allocate(ipv6 ? 20 : 12).order(ByteOrder.nativeOrder()).put(group);
    request.putInt(request.capacity() - Integer.BYTES, interfaceIndex);
    int level = ipv6 ? Sockets.IPPROTO_IPV6 : Sockets.IPPROTO_IP;
    int option = ipv6 ? Sockets.IPV6_ADD_MEMBERSHIP : Sockets.IP_ADD_MEMBERSHIP;
    int result = setBytes(level, option, request.array());
    if (result < 0) {
      throw OpenErrors.of(address, "joining", -result);
    }
    set(level, ipv6 ? Sockets.IPV6_MULTICAST_ALL : Sockets.IP_MULTICAST_ALL, 0);
  }

  private InetSocketAddress bind(InetSocketAddress address, int scopeId)
      throws DatagramIoOpenException {
    PeerAddress name = PeerAddress.of(address.getAddress(), Math.max(1, address.getPort()));
    int length =
        Sockets.writeName(
            scratch, 0, name.isIpv6(), name.v6High(), name.v6Low(), address.getPort(), scopeId);
    int result = named(length, true);
    if (result < 0) {
      throw OpenErrors.of(address, "bind", -result);
    }
    scratch.set(JAVA_INT, 32, 32);
    result = named(0, false);
    if (result < 0) {
      throw OpenErrors.of(address, "getsockname", -result);
    }
    int port = scratch.get(Sockets.BE_SHORT, Sockets.SIN_PORT) & 0xFFFF;
    return new InetSocketAddress(address.getAddress(), port);
  }

  /** Binds to the name in the scratch memory, or asks for the name. */
  private int named(int length, boolean bind) {
    try {
      return bind
          ? posix.bind(fd, scratch.address(), length)
          : posix.getsockname(fd, scratch.address(), scratch.address() + 32);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private void require(InetSocketAddress address, int level, int option, int value)
      throws DatagramIoOpenException {
    int result = set(level, option, value);
    if (result < 0) {
      throw OpenErrors.of(address, "setsockopt " + level + "/" + option, -result);
    }
  }

  private int setBytes(int level, int option, byte[] value) {
    MemorySegment.copy(value, 0, scratch, JAVA_BYTE, 0, value.length);
    try {
      return posix.setsockopt(fd, level, option, scratch.address(), value.length);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private int set(int level, int option, int value) {
    scratch.set(JAVA_INT, 0, value);
    try {
      return posix.setsockopt(fd, level, option, scratch.address(), 4);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Reads an option of one int; 0 if it can't be read. */
  int get(int level, int option) {
    scratch.set(JAVA_INT, 0, 0);
    scratch.set(JAVA_INT, 32, 4);
    try {
      posix.getsockopt(fd, level, option, scratch.address(), scratch.address() + 32);
      return scratch.get(JAVA_INT, 0);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  int fd() {
    return fd;
  }

  InetSocketAddress localAddress() {
    return localAddress;
  }

  boolean segments() {
    return segments;
  }

  boolean coalesces() {
    return coalesces;
  }

  /** Says why a socket can't be opened, and what to do. */
  static final class OpenErrors {
    private OpenErrors() {}

    static DatagramIoOpenException of(InetSocketAddress address, String call, int errno) {
      return new DatagramIoOpenException(
          address, call + ": " + Posix.errorText(errno), remedy(errno), null);
    }

    static String remedy(int errno) {
      return switch (errno) {
        case Errno.EADDRINUSE ->
            "another socket has this address and port: stop its owner (ss -ulpn shows it) or"
                + " configure another address";
        case Errno.EADDRNOTAVAIL ->
            "no interface of this machine has this address: configure one that ip address shows,"
                + " or add it there";
        case Errno.EACCES, Errno.EPERM ->
            "the system forbids it: use a port from 1024 on, or look at its security policy";
        case Errno.EMFILE, Errno.ENFILE -> "too many open files: raise the limit (ulimit -n)";
        case Errno.EAFNOSUPPORT ->
            "this machine does not speak that kind of IP: configure an address of the other kind";
        default -> "check that the address is up and may be used";
      };
    }

    /** The remedy for what the JDK says in words. */
    static String remedy(@Nullable String message) {
      String text = message == null ? "" : message;
      if (text.contains("in use")) {
        return remedy(Errno.EADDRINUSE);
      }
      if (text.contains("assign requested address")) {
        return remedy(Errno.EADDRNOTAVAIL);
      }
      if (text.contains("ermission denied")) {
        return remedy(Errno.EACCES);
      }
      return remedy(0);
    }
  }
}
