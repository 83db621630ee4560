//! The operations of these clients. All of them only read.

use oar_transport::probe::Operation;

pub(crate) const IMAGE_GRADES: Operation = Operation::read("image_grades");
pub(crate) const VULNERABILITIES: Operation = Operation::read("vulnerabilities");
pub(crate) const BUILD_GRADES: Operation = Operation::read("build_grades");
pub(crate) const RELEASED: Operation = Operation::read("released");
pub(crate) const ERRATA_PAGE: Operation = Operation::read("page");
pub(crate) const SIGNATURE: Operation = Operation::read("signature");

/// Every operation of these clients.
pub const OPERATIONS: [Operation; 6] =
    [IMAGE_GRADES, VULNERABILITIES, BUILD_GRADES, RELEASED, ERRATA_PAGE, SIGNATURE];
