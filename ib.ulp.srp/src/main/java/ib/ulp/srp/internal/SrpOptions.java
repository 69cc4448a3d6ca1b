// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * The keys of a disk's configuration as tools show them; {@link SrpConfig} reads and checks them.
 */
@ObjectClassDefinition(
    name = "SRP disk",
    description =
        "A disk of an SRP target. Factory PID ib.ulp.srp; name each file ib.ulp.srp-<disk>.config.")
@interface SrpOptions {
  @AttributeDefinition(description = "Name of the disk")
  String name();

  @AttributeDefinition(
      description = "Port (ib.port) whose devices and connection manager are used",
      required = false)
  String port();

  @AttributeDefinition(
      description = "Device (ib.device) to use, if only one of the port's",
      required = false)
  String device();

  @AttributeDefinition(description = "IP address of the target")
  String target_address();

  @AttributeDefinition(description = "RDMA-CM port of the target")
  int target_port() default SrpConfig.DEFAULT_TARGET_PORT;

  @AttributeDefinition(
      description = "Initiator port id, 32 hex digits; must differ between initiators")
  String initiator_port_id();

  @AttributeDefinition(description = "Target port id, 32 hex digits, as the target has it")
  String target_port_id();

  @AttributeDefinition(description = "Logical unit number, 0 to 16383")
  int lun() default 0;

  @AttributeDefinition(description = "Requests at a time, 2 to 1024")
  int queue_size() default SrpConfig.DEFAULT_QUEUE_SIZE;

  @AttributeDefinition(description = "Most sectors of 512 bytes of one request, 8 to 65535")
  int max_sectors() default SrpConfig.DEFAULT_MAX_SECTORS;

  @AttributeDefinition(description = "Memory descriptors within a command, 1 to 255")
  int cmd_sg_entries() default SrpConfig.DEFAULT_SG_ENTRIES;

  @AttributeDefinition(
      description = "Whether the target fetches longer descriptor tables from memory")
  boolean allow_ext_sg() default false;

  @AttributeDefinition(
      description =
          "auto: one piece goes as a direct descriptor; always: every command is indirect")
  String indirect() default "auto";

  @AttributeDefinition(description = "Transport retries, 2 to 7")
  int tl_retry_count() default SrpConfig.DEFAULT_RETRY_COUNT;

  @AttributeDefinition(description = "Seconds that I/O is held without a path; off for ever")
  String fast_io_fail_seconds() default "15";

  @AttributeDefinition(
      description =
          "Seconds between attempts to log in again; off for none. The first ten attempts come faster")
  String reconnect_delay_seconds() default "1";

  @AttributeDefinition(
      description = "Seconds without a path after which the disk is given up; off for never")
  String dev_loss_seconds() default "600";

  @AttributeDefinition(description = "Seconds after which a command is aborted")
  int command_timeout_seconds() default SrpConfig.DEFAULT_COMMAND_TIMEOUT_SECONDS;
}
