// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Keys of a configuration, for tools. */
@ObjectClassDefinition(
    name = "InfiniHost HCA",
    description = "An HCA that does DMA: its DMA addresses are bus addresses of the host's IOMMU")
@interface MthcaConfiguration {
  /** Device name. */
  @AttributeDefinition(name = "ib.device", description = "Name of the device, e.g. mthca0")
  String ib_device();

  /** Port. */
  @AttributeDefinition(name = "port.target", description = "Filter for the port, e.g. (ib.port=p0)")
  String port_target();

  /** Width of bus addresses. */
  @AttributeDefinition(
      name = "dma.mask.bits",
      description = "Bits of a bus address that the device can emit, 32 to 64",
      min = "32",
      max = "64")
  int dma_mask_bits() default 64;

  /** Queue pairs. */
  @AttributeDefinition(
      name = "max.qp",
      description = "Queue pairs, 1 to 8192",
      min = "1",
      max = "8192")
  int max_qp() default 1024;

  /** Completion queues. */
  @AttributeDefinition(
      name = "max.cq",
      description = "Completion queues, 1 to 8192",
      min = "1",
      max = "8192")
  int max_cq() default 1024;

  /** Memory regions. */
  @AttributeDefinition(
      name = "max.mr",
      description = "Memory regions, 1 to 65535",
      min = "1",
      max = "65535")
  int max_mr() default 8191;
}
