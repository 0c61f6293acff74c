"""What training and labelling a data set cost on a given device."""
