// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Keys of a configuration, for tools. */
@ObjectClassDefinition(
    name = "eHCA",
    description = "An HCA behind a hypervisor, with a narrow DMA window")
@interface EhcaConfiguration {
  /** Device name. */
  @AttributeDefinition(name = "ib.device", description = "Name of the device, e.g. ehca0")
  String ib_device();

  /** Port. */
  @AttributeDefinition(name = "port.target", description = "Filter for the port, e.g. (ib.port=p0)")
  String port_target();

  /** DMA mask. */
  @AttributeDefinition(
      name = "dma.mask",
      required = false,
      description = "Addresses the device can emit: contiguous low bits, decimal or with 0x")
  String dma_mask() default "0x7fffffff";

  /** How often the hypervisor is busy. */
  @AttributeDefinition(
      name = "hypervisor.busy.every",
      required = false,
      description = "One of this many hypercalls is answered long busy first; 0 for none")
  int hypervisor_busy_every() default EhcaDevice.BUSY_EVERY;

  /** Seed. */
  @AttributeDefinition(
      name = "hypervisor.busy.seed",
      required = false,
      description = "Seed of which hypercalls are answered long busy")
  long hypervisor_busy_seed() default 1;
}
