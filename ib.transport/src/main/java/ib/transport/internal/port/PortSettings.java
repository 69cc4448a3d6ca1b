// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** The keys of an {@code ib.port} configuration, for configuration tools. */
@ObjectClassDefinition(
    name = "OpenHCA port",
    description = "A network port: a UDP socket that speaks RoCEv2")
@interface PortSettings {
  /** Name, the value of the service property {@code ib.port}. */
  @AttributeDefinition(description = "Name of the port, such as p0")
  String name();

  /** IP address. */
  @AttributeDefinition(description = "IP address of an interface of this machine, in numbers")
  String address();

  /** Port GUID. */
  @AttributeDefinition(
      required = false,
      description = "EUI-64 in 16 hexadecimal digits; derived from the address if left out")
  String guid() default "";

  /** Largest path MTU in bytes. */
  @AttributeDefinition(
      required = false,
      description = "Largest path MTU in bytes; lowered to what the interface carries",
      options = {@Option("256"), @Option("512"), @Option("1024"), @Option("2048"), @Option("4096")})
  int mtu() default 4096;

  /** How the socket is driven. */
  @AttributeDefinition(
      required = false,
      description = "How the UDP socket is driven; ethernet: whole frames over link instead",
      options = {@Option("auto"), @Option("native"), @Option("channel"), @Option("ethernet")})
  String io() default "auto";

  /** Receive buffer in bytes. */
  @AttributeDefinition(
      required = false,
      description = "Socket receive buffer in bytes; the system may grant less")
  int receive_buffer() default 8388608;

  /** Send buffer in bytes. */
  @AttributeDefinition(
      required = false,
      description = "Socket send buffer in bytes; the system may grant less")
  int send_buffer() default 8388608;

  /**
   * Whether routers may mark packets instead of dropping them. Off, because soft peers (rxe) do not
   * answer a mark: nobody would slow down.
   */
  @AttributeDefinition(
      required = false,
      description =
          "Send packets as ECN capable (ECT(0)). Only where the peers answer marks with congestion"
              + " notifications, as adapters and this program do; rxe does not",
      options = {@Option("on"), @Option("off")})
  String ecn() default "off";

  /**
   * How many UDP source ports. One, because each more costs a system call a turn, and gains nothing
   * where there is one path.
   */
  @AttributeDefinition(
      required = false,
      description =
          "UDP source ports that the queue pairs are spread over, 1 to 64, for networks that choose"
              + " among paths by them; 1 sends from port 4791 alone")
  int source_ports() default 1;

  /** Where Ethernet frames go. */
  @AttributeDefinition(
      required = false,
      description =
          "For io ethernet: dgram:ADDRESS:PORT->ADDRESS:PORT on loopback (ours, then the other"
              + " end's) or stream:/PATH, as QEMU's -netdev dgram and stream have them")
  String link();

  /** Faults on purpose. */
  @AttributeDefinition(
      required = false,
      description =
          "For tests, with io ethernet: frames that are lost, doubled, overtaken or damaged, such"
              + " as loss=5%,duplicate=1%,reorder=1%,corrupt=0.1%,seed=42")
  String faults();
}
