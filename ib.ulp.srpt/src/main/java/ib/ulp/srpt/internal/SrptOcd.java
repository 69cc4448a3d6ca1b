// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Describes the configuration of a target to tools. */
@ObjectClassDefinition(
    name = "SRP target",
    description = "Serves files or RAM as SCSI disks over SRP")
@interface SrptOcd {
  /** Name. */
  @AttributeDefinition(description = "Name of the target")
  String name();

  /** Port. */
  @AttributeDefinition(description = "Port it serves on (ib.port)")
  String port();

  /** RDMA-CM port. */
  @AttributeDefinition(description = "RDMA-CM port to listen on")
  int listen() default 5555;

  /** Target port id. */
  @AttributeDefinition(description = "SRP target port id, 32 hex digits")
  String target_port_id();

  /** Initiators. */
  @AttributeDefinition(
      description = "Initiator port ids that may log in, 32 hex digits each; empty admits all",
      required = false)
  String[] initiators() default {};

  /** Logical units. */
  @AttributeDefinition(description = "Logical units: N=file:PATH, N=file:PATH,SIZE or N=ram:SIZE")
  String[] luns();

  /** Block size. */
  @AttributeDefinition(description = "Block size in bytes")
  int block_size() default 512;

  /** Request limit. */
  @AttributeDefinition(description = "Commands an initiator may have outstanding")
  int request_limit() default 64;

  /** Longest transfer. */
  @AttributeDefinition(description = "Most bytes of one command")
  int max_transfer_bytes() default 1 << 20;

  /** Buffers. */
  @AttributeDefinition(description = "Memory for data in flight, in bytes")
  long buffer_bytes() default 32 << 20;
}
