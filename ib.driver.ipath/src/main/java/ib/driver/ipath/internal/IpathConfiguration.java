// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Keys of a configuration, for tools. */
@ObjectClassDefinition(
    name = "InfiniPath HCA",
    description = "An HCA whose CPU does the work; DMA addresses are virtual addresses")
@interface IpathConfiguration {
  /** Device name. */
  @AttributeDefinition(name = "ib.device", description = "Name of the device, e.g. ipath0")
  String ib_device();

  /** Port. */
  @AttributeDefinition(name = "port.target", description = "Filter for the port, e.g. (ib.port=p0)")
  String port_target();
}
